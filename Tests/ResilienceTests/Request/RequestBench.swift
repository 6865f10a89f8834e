import Support

@testable import Resilience

/// An executor over connections and a clock that a test holds in its hands; for one thread.
final class RequestBench {
  let environment = SteppedEnvironment()
  let connections = ScriptedConnections()
  let sink = RecordingSink()
  let admission = CountingAdmission()
  let endpoint: Endpoint<ScriptedConnections>
  let executor: RequestExecutor<ScriptedConnections>
  /// Attempts that reached `send`, with their contexts.
  private(set) var sent: [CallContext] = []
  let tally = CallTally()

  init(
    retry: RetrySettings = .init(), breaker: CircuitBreakerSettings = .init(), budget: RetryBudgetSettings = .init(),
    faults: FaultSettings? = nil
  ) {
    endpoint = Endpoint(
      identity: "bench", connections: connections, breaker: breaker, budget: budget, limiter: admission,
      environment: environment)
    let injector = faults.map { [environment] in FaultInjector($0, environment) }
    executor = RequestExecutor(endpoint, retry: retry, faults: injector, events: sink)
  }

  /// Runs a request whose attempts end as listed, nil for an answer; the last one repeats. Returns how it failed, if it did.
  @discardableResult
  func run(
    _ requestClass: RequestClass, isIdempotent: Bool = true, timeout: Duration? = nil, cancel: CancelToken? = nil,
    _ ends: [AttemptFailure?]
  ) -> RequestFailure? {
    let deadline = timeout.map { environment.now() + $0.nanoseconds }
    let kind = RequestKind("test", requestClass, isIdempotent: isIdempotent)
    let before = sent.count
    do throws(RequestFailure) {
      let context = CallContext(deadline: deadline, cancel: cancel, tally: tally)
      let answer = try executor.run(kind, context) { _, context throws(AttemptFailure) in
        sent.append(context)
        let place = sent.count - before - 1
        if let failure = ends[min(place, ends.count - 1)] { throw failure }
        return place
      }
      return answer == sent.count - before - 1 ? nil : RequestFailure(.closed, attempts: 0)
    } catch {
      return error
    }
  }

  /// Fails until the breaker of the class is open.
  func breakCircuit(_ requestClass: RequestClass) {
    for _ in 0..<1000 where endpoint.breakers.state(requestClass) != .open {
      environment.advance(.seconds(1))
      run(requestClass, [failure(.unavailable)])
    }
  }
}

/// A failure without a story.
func failure(
  _ kind: AttemptFailure.Kind, mayHaveApplied: Bool = false, retryAfter: Duration? = nil
) -> AttemptFailure {
  AttemptFailure(
    kind, mayHaveApplied: mayHaveApplied, retryAfter: retryAfter?.nanoseconds, cause: TestCause(kind: kind))
}

struct TestCause: Error, Equatable {
  let kind: AttemptFailure.Kind
}

/// Connections that are nothing. Every lease succeeds unless `refusals` has something to say.
final class ScriptedConnections: Connections, @unchecked Sendable {
  final class Connection {}

  var refusals: [LeaseFailure] = []
  var isReused = false
  private(set) var leased: [(number: UInt64, fresh: Bool)] = []
  private(set) var givenBack: [(number: UInt64, reusable: Bool)] = []

  func lease(_ context: CallContext, fresh: Bool) throws(LeaseFailure) -> Lease {
    if !refusals.isEmpty { throw refusals.removeFirst() }
    let number = UInt64(leased.count)
    leased.append((number, fresh))
    return Lease(connection: Connection(), isReused: isReused && !fresh, number: number)
  }

  func giveBack(_ lease: Lease, reusable: Bool) { givenBack.append((lease.number, reusable)) }

  var poolStats: PoolStats? { nil }
}

final class CountingAdmission: Admission, @unchecked Sendable {
  var refusal: AdmissionFailure?
  private(set) var entered = 0
  private(set) var left = 0

  func enter(_ context: CallContext) throws(AdmissionFailure) {
    if let refusal { throw refusal }
    entered += 1
  }

  func leave() { left += 1 }
}

/// Keeps the names of what happened.
final class RecordingSink: EventSink, @unchecked Sendable {
  private(set) var events: [String] = []

  func wants(_ level: EventLevel) -> Bool { true }

  func emit(_ event: ResilienceEvent) {
    switch event {
    case .attemptStarted(_, let attempt): events.append("started \(attempt)")
    case .attemptFailed(_, let attempt, let kind, _): events.append("failed \(attempt) \(kind.name)")
    case .attemptRetried(_, let attempt, let delay): events.append("retried \(attempt) after \(delay / 1_000_000) ms")
    case .retryRefused(_, let attempt, let reason): events.append("refused \(attempt) \(reason.name)")
    case .breakerChanged(let requestClass, let from, let to):
      events.append("breaker \(requestClass.name) \(from.name) \(to.name)")
    case .faultInjected(_, let fault): events.append("fault \(fault)")
    default: events.append("other")
    }
  }
}
