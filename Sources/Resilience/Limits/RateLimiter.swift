import Support

/// Keeps an endpoint's requests at a rate: each goes at once, waits for its turn, or is refused.
///
/// Without a lock: the state is one word. A request that is cancelled while it waits does not give its turn back.
package final class RateLimiter: Admission {
  private let environment: any Environment
  private let interval: UInt64
  private let burst: Int
  private let maxWait: UInt64
  private let nextArrival = AtomicWord(0)
  private let refused = AtomicWord(0)
  private let waited = AtomicWord(0)

  /// Nil where the settings ask for no limit.
  package init?(_ settings: RateLimiterSettings, _ environment: any Environment) {
    guard let perSecond = settings.perSecond, perSecond > 0 else { return nil }
    self.environment = environment
    interval = UInt64(exactly: (1_000_000_000 / perSecond).rounded()).map { max($0, 1) } ?? .max
    burst = settings.burst
    maxWait = settings.maxWait.nanoseconds
  }

  /// Returns when the request may be sent.
  package func enter(_ context: CallContext) throws(AdmissionFailure) {
    while true {
      let state = nextArrival.load()
      let now = environment.now()
      let patience = context.deadline.map { $0.since(now) } ?? .max
      var machine = RateLimiterStateMachine(interval: interval, burst: burst, maxWait: maxWait, nextArrival: state)
      let decision = machine.admit(now: now, patience: patience)
      if case .refuse(let retryAfter) = decision {
        refused.add(1)
        throw .overloaded(retryAfter: retryAfter)
      }
      guard nextArrival.exchange(state, for: machine.nextArrival) else { continue }
      if case .wait(let turn) = decision { try wait(until: turn, context) }
      return
    }
  }

  /// A turn is over as soon as it was taken.
  package func leave() {}

  private func wait(until turn: UInt64, _ context: CallContext) throws(AdmissionFailure) {
    waited.add(1)
    let parking = environment.makeParking()
    while environment.now() < turn {
      if parking.park(until: turn, cancel: context.cancel) == .cancelled { throw .cancelled }
    }
  }

  /// Requests that were refused, and those that had to wait.
  package var stats: (refused: UInt64, waited: UInt64) { (refused.load(), waited.load()) }
}
