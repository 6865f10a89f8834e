import CSupport

/// Mutual exclusion between threads that survives fork: `fork` waits until the lock is free, the child starts with it free.
///
/// Not recursive. A thread that holds a lock may only take locks of a higher `Level`. Making one costs some 20 ns; its
/// place is used again after the object has gone, never given back to the system.
public final class Lock: @unchecked Sendable {
  /// The order in which locks may be taken, outermost first.
  package enum Level: UInt32, Sendable {
    /// Tables that hand out objects with locks of their own, and what must not nest.
    case outer = 0
    /// One writer of one database.
    case collection = 1
    /// One writer of one namespace.
    case namespace = 2
    /// Pools, queues, counters: held for nanoseconds around no other call.
    case leaf = 6
  }

  @usableFromInline let slot: OpaquePointer

  /// When the machine has no memory for a lock, all locks that could not be made are one and the same: slower, still right.
  package init(_ level: Level = .leaf) {
    slot = vdb_lock_new(level.rawValue)
  }

  deinit { vdb_lock_free(slot) }

  /// Runs `body` while no other thread runs one under this lock. Public and inlinable: unspecialised it takes longer than what
  /// is mostly done under it.
  @inlinable public func withLock<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure)
    -> Result
  {
    vdb_lock_take(slot)
    defer { vdb_lock_give(slot) }
    return try body()
  }

  /// As `withLock`, unless the call ends before the lock is free: then why it did. Looked at every millisecond of waiting.
  package func withLock<Result, Failure: Error>(
    bounds context: CallContext, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> BoundedResult<Result> {
    while vdb_lock_take_within(slot, 1_000_000) == 0 {
      if let interruption = context.interruption() { return .interrupted(interruption) }
    }
    defer { vdb_lock_give(slot) }
    return .done(try body())
  }

  /// What became of a body that had to wait for a lock.
  package enum BoundedResult<Result> {
    case done(Result)
    case interrupted(CallContext.Interruption)
  }
}

/// Lets threads that hold a lock wait for each other.
package final class Condition: @unchecked Sendable {
  private let lock: Lock
  private let slot: OpaquePointer

  /// A condition whose waiters hold `lock`.
  package init(_ lock: Lock) {
    self.lock = lock
    slot = vdb_condition_new()
  }

  deinit { vdb_lock_free(slot) }

  /// Gives the lock back, waits for a wake-up, takes it again. May wake without a reason: ask again.
  package func wait() { vdb_condition_wait(slot, lock.slot) }

  /// As `wait`, at the longest until `monotonicNanoseconds()` reaches `deadline`; false when it did.
  package func wait(until deadline: UInt64) -> Bool { vdb_condition_wait_until(slot, lock.slot, deadline) != 0 }

  /// Wakes one waiter.
  package func signal() { vdb_condition_signal(slot) }

  /// Wakes all waiters.
  package func broadcast() { vdb_condition_broadcast(slot) }
}

/// Number of forks between the process that loaded the library and this one: a changed number means that threads, and
/// whatever belonged to them, are gone.
package var processEpoch: UInt64 { vdb_process_epoch() }
