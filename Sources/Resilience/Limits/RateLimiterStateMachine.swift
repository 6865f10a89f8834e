import Support

/// So many requests a second on average, with bursts: the generic cell rate algorithm.
///
/// One number is the whole state: the time at which a request would arrive if all that were admitted came exactly at the
/// limit's rate. Who comes more than the burst's worth before it waits or is refused. Every admitted request moves it on by
/// one interval, whether it goes now or later, so waiters are in order without a queue. All O(1).
package struct RateLimiterStateMachine: Sendable {
  package enum Decision: Equatable, Sendable {
    case go
    /// Admitted, to be sent at this time.
    case wait(until: UInt64)
    /// Not admitted; the turn would come after so many nanoseconds.
    case refuse(retryAfter: UInt64)
  }

  private let interval: UInt64
  /// How far ahead of its turn a request may go.
  private let tolerance: UInt64
  private let maxWait: UInt64
  package private(set) var nextArrival: UInt64 = 0

  /// `nextArrival` is the state, for a shell that keeps it in an atomic word.
  package init(interval: UInt64, burst: Int, maxWait: UInt64, nextArrival: UInt64 = 0) {
    self.interval = max(interval, 1)
    let (product, tooLarge) = self.interval.multipliedReportingOverflow(by: UInt64(max(burst, 1) - 1))
    tolerance = tooLarge ? .max : product
    self.maxWait = maxWait
    self.nextArrival = nextArrival
  }

  /// One request asks; `patience` is what its own deadline leaves it.
  package mutating func admit(now: UInt64, patience: UInt64) -> Decision {
    let arrival = max(nextArrival, now)
    let turn = arrival.since(tolerance)
    let delay = turn.since(now)
    if delay > min(maxWait, patience) { return .refuse(retryAfter: delay) }
    nextArrival = arrival.addingClamped(interval)
    return delay == 0 ? .go : .wait(until: turn)
  }
}
