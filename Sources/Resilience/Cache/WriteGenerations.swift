import CSupport

/// Counts the writes to each scope, so that nothing read before a write is served after it. Lock-free.
///
/// A write raises the generation before it is sent and after its answer: what was read meanwhile may hold the old or the new
/// record, and belongs to a generation that is over. Scopes share a fixed number of counters; those who share one forget
/// too much together, never too little.
package final class WriteGenerations: @unchecked Sendable {
  private static let slots = 256
  private let words: UnsafeMutablePointer<UInt64>

  package init() {
    words = .allocate(capacity: Self.slots)
    words.initialize(repeating: 0, count: Self.slots)
  }

  deinit { words.deallocate() }

  static func slot(of hash: UInt64) -> Int { Int(hash % UInt64(slots)) }

  package func current(_ scope: CacheScope) -> UInt64 { vdb_atomic_load(words + scope.slot) }

  package func raise(_ scope: CacheScope) { vdb_atomic_add(words + scope.slot, 1) }

  /// Raises it only when nothing else has since it was read; returns whether it did.
  package func raise(_ scope: CacheScope, from known: UInt64) -> Bool {
    vdb_atomic_compare_exchange(words + scope.slot, known, known &+ 1) != 0
  }

  package func raiseAll() {
    for slot in 0..<Self.slots { vdb_atomic_add(words + slot, 1) }
  }
}
