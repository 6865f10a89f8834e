import Support

/// Lets so many requests work on an endpoint at a time; some more wait in order, the rest is refused.
///
/// Entering and leaving is one atomic exchange while nobody waits. The queue is under a lock, and so is every change of the
/// number of those who wait.
package final class Bulkhead: Admission, @unchecked Sendable {
  private final class Waiter: Equatable {
    let parking: any Parking
    /// Under the lock.
    var isHanded = false

    init(_ parking: any Parking) { self.parking = parking }

    static func == (left: Waiter, right: Waiter) -> Bool { left === right }
  }

  private let environment: any Environment
  private let limit: UInt64
  private let waitingLimit: UInt64
  private let maxWait: UInt64
  private let word = AtomicWord(0)
  private let refused = AtomicWord(0)
  private let lock = Lock(.leaf)
  // Both under the lock.
  private var queue = Fifo<Waiter>()
  private var epoch = processEpoch

  /// Nil where the settings ask for no limit.
  package init?(_ settings: BulkheadSettings, _ environment: any Environment) {
    guard let limit = settings.maxConcurrent, limit > 0 else { return nil }
    self.environment = environment
    self.limit = UInt64(min(limit, 1_000_000))
    waitingLimit = UInt64(min(max(settings.maxWaiting, 0), 1_000_000))
    maxWait = settings.maxWait.nanoseconds
  }

  /// Returns when the caller is inside; `leave` ends that.
  package func enter(_ context: CallContext) throws(AdmissionFailure) {
    if processEpoch != epoch { startAnew() }
    if change({ $0.enter(limit: limit) }) { return }
    let waiter = Waiter(environment.makeParking())
    let asked = environment.now()
    // Somebody may have left since, and then there is room again.
    let isQueued: Bool? = lock.withLock {
      while true {
        let state = BulkheadState(word: word.load())
        var entered = state
        if entered.enter(limit: limit) {
          if word.exchange(state.word, for: entered.word) { return nil }
          continue
        }
        var joined = state
        guard joined.join(limit: waitingLimit) else { return false }
        if word.exchange(state.word, for: joined.word) { break }
      }
      queue.append(waiter)
      return true
    }
    guard let isQueued else { return }
    if !isQueued {
      refused.add(1)
      throw .overloaded(retryAfter: nil)
    }
    try wait(waiter, context, asked: asked)
  }

  /// Ends what `enter` began.
  package func leave() {
    if processEpoch != epoch { return }
    if change({ $0.leave() }) { return }
    hand()?.parking.wake()
  }

  /// Requests inside now, waiting now, and refused so far.
  package var stats: (inside: Int, waiting: Int, refused: UInt64) {
    let state = BulkheadState(word: word.load())
    return (Int(state.inside), Int(state.waiting), refused.load())
  }

  private func wait(_ waiter: Waiter, _ context: CallContext, asked: UInt64) throws(AdmissionFailure) {
    let until = min(asked.addingClamped(maxWait), context.deadline ?? .max)
    var reason = WakeReason.woken
    var isHanded = false
    repeat {
      reason = waiter.parking.park(until: until, cancel: context.cancel)
      isHanded = lock.withLock { waiter.isHanded }
    } while !isHanded && reason == .woken
    let now = environment.now()
    isHanded = lock.withLock {
      if !waiter.isHanded, queue.remove(waiter) { _ = change { $0.unjoin() } }
      return waiter.isHanded
    }
    let failure: AdmissionFailure
    if reason == .cancelled || context.cancel?.isCancelled == true {
      failure = .cancelled
    } else if let deadline = context.deadline, deadline <= now {
      failure = .deadlineExceeded
    } else if isHanded {
      return
    } else {
      refused.add(1)
      failure = .overloaded(retryAfter: nil)
    }
    // Handed at the very moment it gave up: the next one's.
    if isHanded { leave() }
    throw failure
  }

  /// Gives the leaver's place to whoever waits first, or leaves it when the queue has gone meanwhile.
  private func hand() -> Waiter? {
    lock.withLock {
      guard let waiter = queue.popOldest() else {
        _ = change { $0.leave() }
        return nil
      }
      _ = change { $0.unjoin() }
      waiter.isHanded = true
      return waiter
    }
  }

  private func change(_ step: (inout BulkheadState) -> Bool) -> Bool {
    while true {
      let before = BulkheadState(word: word.load())
      var after = before
      guard step(&after) else { return false }
      if word.exchange(before.word, for: after.word) { return true }
    }
  }

  /// In a forked child: nobody who was inside or waited came along.
  private func startAnew() {
    lock.withLock {
      if epoch == processEpoch { return }
      epoch = processEpoch
      queue = Fifo()
      word.store(0)
    }
  }
}
