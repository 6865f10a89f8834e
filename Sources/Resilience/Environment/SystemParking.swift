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
    return lock.withLock {
      while true {
        if isWoken {
          isWoken = false
          return .woken
        }
        if let cancel, cancel.isCancelled { return .cancelled }
        if let deadline {
          if monotonicNanoseconds() >= deadline { return .deadlineReached }
          _ = changed.wait(until: deadline)
        } else {
          changed.wait()
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
