import CSupport
import Support

/// A place to wait on a lock and a condition of the system.
final class SystemParking: Parking, CancelObserver, @unchecked Sendable {
  private let lock = Lock(.leaf)
  private let changed: Condition
  /// Under `lock`: a wake-up nobody has used yet.
  private var isWoken = false

  init() { changed = Condition(lock) }

  func park(until deadline: UInt64?, cancel: CancelToken?) -> WakeReason {
    // Registered before the flag is looked at: a cancel in between finds us in the list and signals under the lock.
    cancel?.observe(self)
    defer { cancel?.stopObserving(self) }
    while true {
      if vdb_interrupted() != 0 { return .cancelled }
      if let reason = wait(until: deadline, cancel) { return reason }
      // Not under the lock: the host may do what it likes.
      vdb_interrupt_ask()
    }
  }

  /// Why the wait ended; nil when the host is to be asked whether it goes on.
  private func wait(until deadline: UInt64?, _ cancel: CancelToken?) -> WakeReason? {
    lock.withLock {
      let end = vdb_interrupt_bound(deadline ?? .max, UInt32(VDB_DEAF_PIECE_MS))
      while true {
        if isWoken {
          isWoken = false
          return .woken
        }
        if let cancel, cancel.isCancelled { return .cancelled }
        if end == .max {
          changed.wait()
        } else {
          let now = monotonicNanoseconds()
          if let deadline, now >= deadline { return .deadlineReached }
          if now >= end { return nil }
          _ = changed.wait(until: end)
        }
      }
    }
  }

  func wake() {
    lock.withLock {
      isWoken = true
      changed.signal()
    }
  }

  /// Makes the waiter look at the flag; leaves nothing behind for a later wait.
  func cancelRaised() { lock.withLock { changed.signal() } }
}
