import Support

/// Sends the requests of one database to its endpoint, as often as it takes and is allowed.
///
/// From the outside in: retry with its budget, circuit breaker, limiter and bulkhead, a connection, the attempt's timeout,
/// injected faults, the backend's own `send`. Thread-safe; while all goes well no lock is taken but those of the connections.
package final class RequestExecutor<C: Connections>: Sendable {
  package let endpoint: Endpoint<C>
  let retry: RetrySettings
  let rules: RetryRules
  /// Nanoseconds.
  let readTimeout: UInt64
  let writeTimeout: UInt64
  let faults: FaultInjector?
  let events: (any EventSink)?
  let environment: any Environment
  private let isSystemClock: Bool
  let connections: C
  let hasLimits: Bool
  /// Whether an attempt may have to wait before it starts.
  let canQueue: Bool
  /// Parts of `endpoint`, borrowed: counting references that all threads share would cost more than all the rest.
  let breakers: Unmanaged<CircuitBreakers>
  let counters: Unmanaged<AttemptCounters>
  private let budget: Unmanaged<RetryBudget>

  package init(
    _ endpoint: Endpoint<C>, retry: RetrySettings = .init(), timeouts: AttemptTimeouts = .init(),
    faults: FaultInjector? = nil, events: (any EventSink)? = nil
  ) {
    self.endpoint = endpoint
    self.retry = retry
    rules = RetryRules(retry, endpoint.budget.settings)
    readTimeout = timeouts.read.nanoseconds
    writeTimeout = timeouts.write.nanoseconds
    self.faults = faults
    self.events = events
    environment = endpoint.environment
    isSystemClock = endpoint.environment is SystemEnvironment
    connections = endpoint.connections
    hasLimits = endpoint.limiter != nil || endpoint.bulkhead != nil
    canQueue = hasLimits || endpoint.poolStats != nil
    breakers = Unmanaged.passUnretained(endpoint.breakers)
    counters = Unmanaged.passUnretained(endpoint.counters)
    budget = Unmanaged.passUnretained(endpoint.budget)
  }

  /// The environment's clock, without a call through it where it is the system's.
  func now() -> UInt64 { isSystemClock ? monotonicNanoseconds() : environment.now() }

  /// Runs one request to its end.
  ///
  /// `send` gets a connection and a context whose deadline is that of the attempt: it reports `.timedOut` when that passes,
  /// whoever's it was. It may be called several times, one after the other, on the calling thread.
  package func run<Answer>(
    _ kind: RequestKind, _ context: CallContext,
    _ send: (C.Connection, CallContext) throws(AttemptFailure) -> Answer
  ) throws(RequestFailure) -> Answer {
    var answer: Answer?
    try repeated(kind, context) { connection, context, _ throws(AttemptFailure) in
      answer = try send(connection, context)
    }
    // It ended without an error, so `send` did.
    return answer.unsafelyUnwrapped
  }

  /// As `run`, where `send` also learns which injected fault it is to play.
  ///
  /// What follows is free of the types of connection and answer: it is not compiled for each of them, and looking them up at
  /// each step would take longer than the steps.
  func repeated(
    _ kind: RequestKind, _ context: CallContext,
    _ send: (C.Connection, CallContext, InjectedFault?) throws(AttemptFailure) -> Void
  ) throws(RequestFailure) {
    try untyped(kind, context) { connection, context, fault throws(AttemptFailure) in
      // All of these connections are of the one type.
      try send(unsafeDowncast(connection, to: C.Connection.self), context, fault)
    }
  }

  private func untyped(
    _ kind: RequestKind, _ context: CallContext,
    _ send: (AnyObject, CallContext, InjectedFault?) throws(AttemptFailure) -> Void
  ) throws(RequestFailure) {
    var machine = RetryStateMachine(kind, retry)
    var last: AttemptFailure?
    while true {
      switch attempt(kind, context, &machine, send) {
      case .answered:
        if machine.attempts == 1 {
          budget._withUnsafeGuaranteedRef { $0.succeededAtOnce() }
        } else {
          endpoint.budget.giveBack(machine.lastCost)
        }
        return
      case .refused(let reason, let retryAfter):
        throw refusal(kind, reason, retryAfter, machine, last)
      case .failed(let failure):
        last = failure
        try waitForNext(kind, context, &machine, failure)
      }
    }
  }

  /// Waits until the next attempt may start, or ends the request.
  private func waitForNext(
    _ kind: RequestKind, _ context: CallContext, _ machine: inout RetryStateMachine, _ failure: AttemptFailure
  ) throws(RequestFailure) {
    let now = environment.now()
    let facts = RetryStateMachine.Failed(
      failure.kind, mayHaveApplied: failure.mayHaveApplied, retryAfter: failure.retryAfter)
    let decision = machine.attemptFailed(
      facts, now: now, deadline: context.deadline, random: environment.random(), rules: rules)
    switch decision {
    case .stop(let refusal):
      try giveUp(kind, machine, failure, refusal)
    case .retry(let delay, let cost):
      if endpoint.breakers.state(kind.requestClass) == .open { try giveUp(kind, machine, failure, .circuitOpen) }
      if !endpoint.budget.take(cost) { try giveUp(kind, machine, failure, .budget) }
      endpoint.counters.attemptRetried(after: failure.kind)
      if let events, events.wants(.info) {
        events.emit(.attemptRetried(kind, attempt: machine.attempts, delay: delay))
      }
      if !wait(until: now.addingClamped(delay), context.cancel) {
        throw RequestFailure(
          .cancelled, attempts: machine.attempts, mayHaveApplied: machine.mayHaveApplied, cause: failure.cause)
      }
    }
  }

  /// False when the call was cancelled meanwhile.
  private func wait(until end: UInt64, _ cancel: CancelToken?) -> Bool {
    let parking = environment.makeParking()
    while environment.now() < end {
      if parking.park(until: end, cancel: cancel) == .cancelled { return false }
    }
    return true
  }

  private func giveUp(
    _ kind: RequestKind, _ machine: RetryStateMachine, _ failure: AttemptFailure, _ refusal: RetryRefusal?
  ) throws(RequestFailure) {
    if let refusal { retryRefused(kind, machine, refusal) }
    let reason: RequestFailure.Reason =
      switch failure.kind {
      case .cancelled: .cancelled
      case .deadlineExceeded: .deadlineExceeded
      default: .attemptFailed(failure.kind)
      }
    throw RequestFailure(
      reason, attempts: machine.attempts, mayHaveApplied: machine.mayHaveApplied, retryAfter: failure.retryAfter,
      cause: failure.cause)
  }

  /// The end of a request whose next attempt could not start. An open circuit then only says why there was no further one:
  /// the caller learns how the last one failed.
  private func refusal(
    _ kind: RequestKind, _ reason: RequestFailure.Reason, _ retryAfter: UInt64?, _ machine: RetryStateMachine,
    _ last: AttemptFailure?
  ) -> RequestFailure {
    var reason = reason
    if reason == .circuitOpen, let last {
      reason = .attemptFailed(last.kind)
      retryRefused(kind, machine, .circuitOpen)
    }
    return RequestFailure(
      reason, attempts: machine.attempts, mayHaveApplied: machine.mayHaveApplied, retryAfter: retryAfter,
      cause: last?.cause)
  }

  private func retryRefused(_ kind: RequestKind, _ machine: RetryStateMachine, _ refusal: RetryRefusal) {
    endpoint.counters.retryRefused(refusal)
    guard let events, events.wants(.warning) else { return }
    events.emit(.retryRefused(kind, attempt: machine.attempts, reason: refusal))
  }

  /// Counts and tells a change that an attempt of this database caused.
  func breakerChanged(_ change: BreakerChange) {
    endpoint.counters.breakerChanged(change)
    guard let events, events.wants(.warning) else { return }
    events.emit(.breakerChanged(change.requestClass, from: change.from, to: change.to))
  }
}
