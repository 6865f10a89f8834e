import Support

extension CachedCall {
  /// Before a write to `scope` is sent.
  package func writeStarted(_ scope: CacheScope) { generations.raise(scope) }

  /// After the answer of a write to `scope`, whatever it was. `certain`: whether it is known what happened; a write that may
  /// still be applied later makes the scope quiet even where writes are visible at once.
  package func writeEnded(_ scope: CacheScope, certain: Bool) {
    // Before the generation: who reads the new one finds the quiet period begun.
    if !readsOwnWrites || !certain {
      let now = environment.now()
      lock.withLock { quiet.begin(scope, at: now) }
    }
    generations.raise(scope)
  }

  /// What `flushEnded` must know about the moment the flush was sent.
  package struct FlushMark: Sendable {
    fileprivate let generation: UInt64
    fileprivate let quiet: UInt64?
  }

  /// Before a flush that makes the writes to `scope` visible is sent.
  package func flushStarted(_ scope: CacheScope) -> FlushMark {
    let generation = generations.current(scope)
    return FlushMark(generation: generation, quiet: lock.withLock { quiet.marker(scope) })
  }

  /// After a flush succeeded: every write before it is visible, so answers may be kept again.
  package func flushEnded(_ scope: CacheScope, _ mark: FlushMark) {
    // What was read before the flush may lack a write and must not be kept after it: a new generation in any case.
    if generations.raise(scope, from: mark.generation) {
      lock.withLock { quiet.lift(scope, marker: mark.quiet) }
    } else {
      generations.raise(scope)
    }
  }

  /// Forgets everything, and what calls under way will answer.
  package func clear() {
    generations.raiseAll()
    var batches = lock.withLock { table.count } / Self.clearedAtOnce + 1
    while batches > 0 {
      var discarded: [Entry] = []
      let more = lock.withLock { table.removeOldest(Self.clearedAtOnce, discarded: &discarded) }
      batches = more ? batches - 1 : 0
    }
  }

  /// Entries that leave under one hold of the lock when all do.
  private static var clearedAtOnce: Int { 256 }
}
