import Support

/// Runs a read a second time when the first run is late; the first success counts and the other run is cancelled.
///
/// Once it is known when a call is late, both runs happen on threads of the library while the caller only waits: so the
/// answer that comes first is returned at once, even when the other run is stuck in something that cannot be cancelled. That
/// run goes on alone until it notices its cancel token or deadline. Therefore `body` escapes: it must own all it uses, copies
/// of the caller's vectors and texts, never pointers lent for the duration of the call. When 64 runs were left behind and
/// have not ended, nothing is hedged: their threads must not become ever more.
package final class Hedger: @unchecked Sendable {
  private let settings: HedgeSettings
  private let environment: any Environment
  private let events: (any EventSink)?

  /// Runs left behind at most.
  static let longestTail: UInt64 = 64
  private let leftBehind = AtomicWord(0)

  private let lock = Lock(.leaf)
  @exclusivity(unchecked) private var recent: RecentLatencies

  /// Settings must be checked.
  package init(_ settings: HedgeSettings, environment: any Environment, events: (any EventSink)? = nil) {
    self.settings = settings
    self.environment = environment
    self.events = events
    recent = RecentLatencies(quantile: settings.quantile)
  }

  /// Nanoseconds after which a run is late; nil while that is not known, and then nothing is hedged.
  package var delay: UInt64? {
    if let delay = settings.delay { return delay.nanoseconds }
    guard let recent = lock.withLock({ recent.value }) else { return nil }
    return max(recent, settings.minDelay.nanoseconds)
  }

  /// The result of whichever run of `body` succeeds first, or the first run's failure when all fail.
  ///
  /// - Parameters:
  ///   - mayHedge: asked once, when the first run is late: whether the retry budget pays a second one.
  ///   - body: the read. Runs on this thread or on one of the library, twice at most, possibly longer than this function.
  package func run<Success: Sendable, Failure: Error>(
    _ operation: StaticString, _ context: CallContext, mayHedge: () -> Bool,
    _ body: @escaping @Sendable (CallContext) throws(Failure) -> Success
  ) throws(CallFailure<Failure>) -> Success {
    let start = environment.now()
    guard let delay, leftBehind.load() < Self.longestTail else { return try alone(start, context, body) }
    let call = HedgedCall<Success, Failure>(
      environment: environment, context: context, leftBehind: leftBehind, body: body)
    guard call.start(.first) else { return try alone(start, context, body) }
    let (hedgeAt, overflow) = start.addingReportingOverflow(delay)
    var pending = overflow ? nil : Optional(hedgeAt)
    while true {
      let until = [pending, context.deadline].compactMap { $0 }.min()
      let reason = call.parking.park(until: until, cancel: context.cancel)
      if let outcome = call.outcome {
        call.leave()
        return try settle(operation, outcome, elapsed: environment.now() &- start)
      }
      let now = environment.now()
      if reason == .cancelled || context.deadline.map({ now >= $0 }) ?? false {
        call.leave()
        throw .interrupted(reason == .cancelled ? .cancelled : .deadlineExceeded)
      }
      guard let at = pending, now >= at else { continue }
      pending = nil
      if mayHedge(), call.start(.second), let events, events.wants(.debug) {
        events.emit(.hedgeStarted(operation, after: now &- start))
      }
    }
  }

  private func settle<Success, Failure: Error>(
    _ operation: StaticString, _ outcome: HedgeRace<Success, Failure>.Outcome, elapsed: UInt64
  ) throws(CallFailure<Failure>) -> Success {
    switch outcome {
    case .won(let run, let value):
      // When the second run won, the first had taken at least this long.
      record(elapsed)
      if run == .second, let events, events.wants(.debug) { events.emit(.hedgeWon(operation)) }
      return value
    case .lost(let failure):
      throw .failed(failure)
    }
  }

  private func alone<Success, Failure: Error>(
    _ start: UInt64, _ context: CallContext, _ body: (CallContext) throws(Failure) -> Success
  ) throws(CallFailure<Failure>) -> Success {
    do throws(Failure) {
      let value = try body(context)
      record(environment.now() &- start)
      return value
    } catch {
      throw .failed(error)
    }
  }

  private func record(_ nanoseconds: UInt64) { lock.withLock { recent.record(nanoseconds) } }
}
