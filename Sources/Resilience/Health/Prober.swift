import Support

/// Asks a backend how it is: one at a time, at most once a second, within its own timeout. Who asks meanwhile gets the same
/// answer.
package final class Prober<Finding: Sendable>: @unchecked Sendable {
  /// Nanoseconds between the starts of two probes.
  private static var interval: UInt64 { 1_000_000_000 }

  private let timeout: UInt64
  private let environment: any Environment
  private let lock = Lock(.leaf)
  @exclusivity(unchecked) private var flight: Flight<Finding>?
  @exclusivity(unchecked) private var last: (finding: Finding, startedAt: UInt64)?
  @exclusivity(unchecked) private var epoch = processEpoch

  /// - Parameter timeout: that of one probe, whatever time its caller has.
  package init(timeout: Duration, environment: any Environment) {
    self.timeout = timeout.nanoseconds
    self.environment = environment
  }

  private enum Begin {
    case known(Finding)
    case lead
    case follow(Flight<Finding>, Flight<Finding>.Follower)
  }

  /// What the backend answers, or answered within the last second.
  ///
  /// - Parameter ask: asks the backend within the context it is given, on this thread; nil when its caller, not the backend,
  ///   ended it: another caller then asks in its place.
  package func probe(
    _ context: CallContext, _ ask: (CallContext) -> Finding?
  ) throws(CallFailure<Never>) -> Finding {
    let parking = environment.makeParking()
    let now = environment.now()
    let begin = lock.withLock { () -> Begin in
      if epoch != processEpoch {
        flight = nil
        epoch = processEpoch
      }
      if let flight { return .follow(flight, flight.join(parking)) }
      if let last, now &- last.startedAt < Self.interval { return .known(last.finding) }
      flight = Flight()
      return .lead
    }
    switch begin {
    case .known(let finding): return finding
    case .lead: return try lead(context, ask)
    case .follow(let flight, let follower):
      switch flight.wait(follower, lock, context, giveUp: giveUp) {
      case .served(let finding): return finding
      case .leads: return try lead(context, ask)
      case .interrupted(let interruption): throw .interrupted(interruption)
      }
    }
  }

  private func lead(
    _ context: CallContext, _ ask: (CallContext) -> Finding?
  ) throws(CallFailure<Never>) -> Finding {
    let start = environment.now()
    let (limit, overflow) = start.addingReportingOverflow(timeout)
    let finding = ask(overflow ? context : context.ending(by: limit))
    var woken: [Flight<Finding>.Follower] = []
    lock.withLock {
      if let finding {
        last = (finding, start)
        woken = flight?.land(finding) ?? []
        flight = nil
      } else if let next = giveUp() {
        woken = [next]
      }
    }
    for follower in woken { follower.parking.wake() }
    if let finding { return finding }
    throw .interrupted(context.interruption() == .cancelled ? .cancelled : .deadlineExceeded)
  }

  /// Under the lock: the leader has no finding. Who leads now.
  private func giveUp() -> Flight<Finding>.Follower? {
    if let next = flight?.appoint() { return next }
    flight = nil
    return nil
  }
}
