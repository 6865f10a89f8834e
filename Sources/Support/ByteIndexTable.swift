import Glibc

/// A hash table from strings of bytes, which stay where they are, to the index of their latest occurrence.
///
/// Open addressing over an index and a part of the hash, so that a string is hardly ever looked at in vain: 16 to 32 bytes
/// a string, one allocation that may fail. Hashes are seeded per process, so nobody can choose strings that collide.
/// Expected O(length) an insertion.
package struct ByteIndexTable: ~Copyable {
  /// Upper half of the hash, index + 1; 0 = free.
  private let slots: UnsafeMutablePointer<UInt64>
  private let mask: Int

  /// Room for `count` strings; nil when out of memory, or beyond 2^31 strings.
  package init?(count: Int) {
    guard count >= 0, count < 1 << 31 else { return nil }
    var capacity = 16
    while capacity < 2 * count { capacity *= 2 }
    guard let memory = calloc(capacity, MemoryLayout<UInt64>.stride) else { return nil }
    slots = memory.bindMemory(to: UInt64.self, capacity: capacity)
    mask = capacity - 1
  }

  deinit { free(slots) }

  /// Remembers `index` for `key` and returns the index it replaces, nil when the key is new.
  ///
  /// `stored` gives the bytes of an index inserted before. Insert at most as many keys as `init` was told.
  package mutating func insert(
    _ key: UnsafeRawBufferPointer, index: Int, stored: (Int) -> UnsafeRawBufferPointer
  ) -> Int? {
    let hash = Self.hash(key)
    let slot = self.slot(of: key, hash: hash, stored: stored)
    let previous = Self.index(slots[slot])
    slots[slot] = hash & Self.upperHalf | UInt64(UInt32(truncatingIfNeeded: index + 1))
    return previous < 0 ? nil : previous
  }

  /// The index remembered for `key`.
  package func find(_ key: UnsafeRawBufferPointer, stored: (Int) -> UnsafeRawBufferPointer) -> Int? {
    let previous = Self.index(slots[slot(of: key, hash: Self.hash(key), stored: stored)])
    return previous < 0 ? nil : previous
  }

  private static let upperHalf: UInt64 = 0xFFFF_FFFF_0000_0000

  private static func index(_ slot: UInt64) -> Int { Int(UInt32(truncatingIfNeeded: slot)) - 1 }

  private static func hash(_ key: UnsafeRawBufferPointer) -> UInt64 {
    var hasher = Hasher()
    hasher.combine(bytes: key)
    return UInt64(bitPattern: Int64(hasher.finalize()))
  }

  private func slot(of key: UnsafeRawBufferPointer, hash: UInt64, stored: (Int) -> UnsafeRawBufferPointer) -> Int {
    var at = Int(truncatingIfNeeded: hash) & mask
    while slots[at] != 0 {
      let sameHash = (slots[at] ^ hash) & Self.upperHalf == 0
      if sameHash, compareBytes(stored(Self.index(slots[at])), key) == 0 { return at }
      at = (at + 1) & mask
    }
    return at
  }
}
