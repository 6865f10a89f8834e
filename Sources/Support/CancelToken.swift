/// A flag that goes from false to true once, read and raised from any thread.
///
/// Who waits registers as an observer, so that nobody has to look at the flag again and again. Raising it without
/// observers costs one uncontended lock, reading it one load.
package final class CancelToken: @unchecked Sendable {
  private let flag = AtomicWord(0)
  private let lock = Lock(.leaf)
  /// Under `lock`. Usually empty or one: the thread that waits on behalf of the call.
  private var observers: [any CancelObserver] = []

  package init() {}

  package var isCancelled: Bool { flag.load() != 0 }

  /// Raises the flag, then tells everybody who observes at that moment, on this thread.
  package func cancel() {
    flag.store(1)
    // Elements copied one by one: an array that is shared here would be changed in place elsewhere once this lets go of it,
    // which is right, but ordered by the runtime's counters alone, unseen by the thread sanitizer.
    for observer in lock.withLock({ observers.map { $0 } }) { observer.cancelRaised() }
  }

  /// Has `observer` told when the flag is raised. Look at the flag after this: one that is raised already tells nobody.
  package func observe(_ observer: any CancelObserver) {
    lock.withLock { observers.append(observer) }
  }

  /// Ends one `observe` of the same object. A `cancelRaised` that has begun on another thread may still arrive afterwards.
  package func stopObserving(_ observer: any CancelObserver) {
    lock.withLock {
      if let place = observers.lastIndex(where: { $0 === observer }) { observers.remove(at: place) }
    }
  }
}

/// Who wants to know at once that a call was cancelled.
package protocol CancelObserver: AnyObject, Sendable {
  /// The flag of a token is up. Any thread, at any time since `observe`, even shortly after `stopObserving`: must be harmless
  /// then, return at once and not touch the token.
  func cancelRaised()
}
