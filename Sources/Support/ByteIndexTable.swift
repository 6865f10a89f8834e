import Glibc

/// A hash table from strings of bytes, which stay where they are, to the index of their latest occurrence.
///
/// Open addressing over 32-bit indexes: 8 to 16 bytes a string, one allocation that may fail. Hashes are seeded per
/// process, so nobody can choose strings that collide. Expected O(length) an insertion.
package struct ByteIndexTable: ~Copyable {
  /// Index + 1, 0 = free.
  private let slots: UnsafeMutablePointer<UInt32>
  private let mask: Int

  /// Room for `count` strings; nil when out of memory, or beyond 2^31 strings.
  package init?(count: Int) {
    guard count >= 0, count < 1 << 31 else { return nil }
    var capacity = 16
    while capacity < 2 * count { capacity *= 2 }
    guard let memory = calloc(capacity, MemoryLayout<UInt32>.stride) else { return nil }
    slots = memory.bindMemory(to: UInt32.self, capacity: capacity)
    mask = capacity - 1
  }

  deinit { free(slots) }

  /// Remembers `index` for `key` and returns the index it replaces, nil when the key is new.
  ///
  /// `stored` gives the bytes of an index inserted before. Insert at most as many keys as `init` was told.
  package mutating func insert(
    _ key: UnsafeRawBufferPointer, index: Int, stored: (Int) -> UnsafeRawBufferPointer
  ) -> Int? {
    let slot = self.slot(of: key, stored: stored)
    let previous = Int(slots[slot]) - 1
    slots[slot] = UInt32(truncatingIfNeeded: index + 1)
    return previous < 0 ? nil : previous
  }

  /// The index remembered for `key`.
  package func find(_ key: UnsafeRawBufferPointer, stored: (Int) -> UnsafeRawBufferPointer) -> Int? {
    let previous = Int(slots[slot(of: key, stored: stored)]) - 1
    return previous < 0 ? nil : previous
  }

  private func slot(of key: UnsafeRawBufferPointer, stored: (Int) -> UnsafeRawBufferPointer) -> Int {
    var hasher = Hasher()
    hasher.combine(bytes: key)
    var at = hasher.finalize() & mask
    while slots[at] != 0 {
      if compareBytes(stored(Int(slots[at]) - 1), key) == 0 { return at }
      at = (at + 1) & mask
    }
    return at
  }
}
