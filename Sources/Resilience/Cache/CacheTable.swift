import Glibc

/// The answers that are kept: by key, with a time to live, a cap on bytes, and the least recently used leaving first.
///
/// Pure: times and hashes come in, and what leaves is handed to the caller, who lets go of it when no lock is held. The
/// full key decides, never the hash alone. Every operation is O(1) but for what it evicts. All memory of its own is
/// allocated at once; pages that no entry needed yet cost nothing.
package struct CacheTable<Value: AnyObject & Sendable>: ~Copyable {
  package typealias Entry = CacheEntry<Value>

  /// What a look-up finds.
  package enum Finding {
    case fresh(Entry)
    /// Older than its time to live; kept in case the backend fails.
    case expired(Entry)
    case nothing
  }

  private struct Node {
    var entry: Unmanaged<Entry>?
    /// Next node of the same bucket, or of the free list.
    var chain: UInt32
    /// Neighbours in the order of use. Node 0 holds no entry and closes the ring.
    var newer: UInt32
    var older: UInt32
  }

  private let nodes: UnsafeMutablePointer<Node>
  private let buckets: UnsafeMutablePointer<UInt32>
  private let mask: UInt64
  private let settings: CacheSettings
  private let ttl: UInt64
  private let longestStale: UInt64
  /// Nodes ever used, and those of them that are free again.
  private var used: UInt32 = 0
  private var free: UInt32 = 0

  package private(set) var count = 0
  package private(set) var bytes = 0
  /// Entries that left to make room.
  package private(set) var evictions: UInt64 = 0
  /// Entries that left because their time was over.
  package private(set) var expirations: UInt64 = 0
  /// Entries that left because of a write.
  package private(set) var invalidations: UInt64 = 0

  /// Nil when the machine has no memory for it. Settings must be checked.
  package init?(_ settings: CacheSettings) {
    var buckets = 16
    while buckets < settings.maxEntries { buckets *= 2 }
    guard let nodeMemory = calloc(settings.maxEntries + 1, MemoryLayout<Node>.stride) else { return nil }
    guard let bucketMemory = calloc(buckets, MemoryLayout<UInt32>.stride) else {
      Glibc.free(nodeMemory)
      return nil
    }
    nodes = nodeMemory.bindMemory(to: Node.self, capacity: settings.maxEntries + 1)
    self.buckets = bucketMemory.bindMemory(to: UInt32.self, capacity: buckets)
    mask = UInt64(buckets - 1)
    self.settings = settings
    ttl = settings.ttl.nanoseconds
    longestStale = settings.staleOnError ? settings.maxStale.nanoseconds : 0
  }

  deinit {
    var node = nodes[0].older
    while node != 0 {
      nodes[Int(node)].entry?.release()
      node = nodes[Int(node)].older
    }
    Glibc.free(nodes)
    Glibc.free(buckets)
  }

  /// The entry of `key`, when it is of `generation`.
  package mutating func find(
    _ key: CacheKey, hash: UInt64, generation: UInt64, now: UInt64, discarded: inout [Entry]
  ) -> Finding {
    let node = self.node(of: key, hash: hash)
    guard node != 0, let entry = nodes[Int(node)].entry?.takeUnretainedValue() else { return .nothing }
    guard entry.generation == generation else {
      invalidations &+= 1
      remove(node, &discarded)
      return .nothing
    }
    let age = entry.age(at: now)
    if age < ttl {
      unlink(node)
      linkNewest(node)
      return .fresh(entry)
    }
    if age < longestStale { return .expired(entry) }
    expirations &+= 1
    remove(node, &discarded)
    return .nothing
  }

  /// Whether an entry found as expired may still be served because the backend failed.
  package func servesStale(_ entry: Entry, now: UInt64) -> Bool { entry.age(at: now) < longestStale }

  /// Keeps an entry in the place of any other with its key, and makes room for it. One that is larger than the whole cache
  /// is not kept.
  package mutating func store(_ entry: Entry, discarded: inout [Entry]) {
    let former = node(of: entry.key, hash: entry.hash)
    if former != 0 {
      if let old = nodes[Int(former)].entry?.takeUnretainedValue(), old.age(at: entry.storedAt) >= ttl {
        expirations &+= 1
      }
      remove(former, &discarded)
    }
    guard entry.bytes <= settings.maxBytes else { return }
    while count >= settings.maxEntries || bytes > settings.maxBytes - entry.bytes {
      evictOldest(now: entry.storedAt, &discarded)
    }
    let node = takeNode()
    let bucket = Int(entry.hash & mask)
    nodes[Int(node)].entry = Unmanaged.passRetained(entry)
    nodes[Int(node)].chain = buckets[bucket]
    buckets[bucket] = node
    linkNewest(node)
    count += 1
    bytes += entry.bytes
  }

  /// Removes up to `limit` entries that were not used for the longest time; returns whether any are left.
  package mutating func removeOldest(_ limit: Int, discarded: inout [Entry]) -> Bool {
    var left = limit
    while left > 0, count > 0 {
      remove(nodes[0].newer, &discarded)
      left -= 1
    }
    return count > 0
  }

  private func node(of key: CacheKey, hash: UInt64) -> UInt32 {
    var node = buckets[Int(hash & mask)]
    while node != 0 {
      if let entry = nodes[Int(node)].entry?.takeUnretainedValue(), entry.hash == hash, entry.key.equals(key) {
        return node
      }
      node = nodes[Int(node)].chain
    }
    return 0
  }

  private mutating func evictOldest(now: UInt64, _ discarded: inout [Entry]) {
    let oldest = nodes[0].newer
    if let entry = nodes[Int(oldest)].entry?.takeUnretainedValue(), entry.age(at: now) >= ttl {
      expirations &+= 1
    } else {
      evictions &+= 1
    }
    remove(oldest, &discarded)
  }

  private mutating func remove(_ node: UInt32, _ discarded: inout [Entry]) {
    guard node != 0, let held = nodes[Int(node)].entry else { return }
    let entry = held.takeRetainedValue()
    let bucket = Int(entry.hash & mask)
    if buckets[bucket] == node {
      buckets[bucket] = nodes[Int(node)].chain
    } else {
      var before = buckets[bucket]
      while before != 0, nodes[Int(before)].chain != node { before = nodes[Int(before)].chain }
      if before != 0 { nodes[Int(before)].chain = nodes[Int(node)].chain }
    }
    unlink(node)
    nodes[Int(node)].entry = nil
    nodes[Int(node)].chain = free
    free = node
    count -= 1
    bytes -= entry.bytes
    discarded.append(entry)
  }

  private mutating func takeNode() -> UInt32 {
    if free != 0 {
      let node = free
      free = nodes[Int(node)].chain
      return node
    }
    used += 1
    return used
  }

  private func linkNewest(_ node: UInt32) {
    let newest = nodes[0].older
    nodes[Int(node)].newer = 0
    nodes[Int(node)].older = newest
    nodes[Int(newest)].newer = node
    nodes[0].older = node
  }

  private func unlink(_ node: UInt32) {
    let newer = nodes[Int(node)].newer
    let older = nodes[Int(node)].older
    nodes[Int(newer)].older = older
    nodes[Int(older)].newer = newer
  }
}
