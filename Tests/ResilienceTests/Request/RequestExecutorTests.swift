import Support
import Testing

@testable import Resilience

@Suite struct RequestExecutorTests {
  private let bench = RequestBench()
  private var statistics: AttemptStatistics { bench.endpoint.counters.statistics }

  @Test func anAnswerAtOnceCostsOneAttempt() {
    #expect(bench.run(.read, [nil]) == nil)
    #expect(bench.sent.count == 1)
    #expect(statistics.attempts == 1 && statistics.successes == 1 && statistics.allRetries == 0)
    #expect(bench.tally[.attempts] == 1 && bench.tally[.retries] == 0)
    #expect(bench.connections.givenBack.map(\.reusable) == [true])
    #expect(bench.admission.entered == 1 && bench.admission.left == 1)
    #expect(bench.endpoint.budget.level == 500)
  }

  @Test(arguments: [
    (RequestClass.read, nil, 10.0), (.write, nil, 30.0), (.control, nil, 30.0), (.read, 3.0, 3.0), (.write, 60.0, 30.0),
  ])
  func anAttemptEndsAtItsTimeoutOrWithTheCall(requestClass: RequestClass, callSeconds: Double?, seconds: Double) {
    let start = bench.environment.now()
    bench.run(requestClass, timeout: callSeconds.map { .seconds($0) }, [nil])
    #expect(bench.sent.first?.deadline == start + UInt64(seconds * 1e9))
  }

  @Test func aDeadlineShorterThanTheTimeoutSaysNothingOfTheBackend() {
    for _ in 0..<1000 {
      bench.environment.advance(.milliseconds(100))
      let failed = bench.run(.read, timeout: .seconds(2), [failure(.timedOut)])
      #expect(failed?.reason == .deadlineExceeded)
      #expect(failed?.attempts == 1)
    }
    #expect(bench.endpoint.breakers.status(.read).calls == 0)
    #expect(statistics.failures(.deadlineExceeded) == 1000)
  }

  @Test func aFullTimeoutDoes() {
    bench.environment.advance(.seconds(6))
    let failed = bench.run(.write, timeout: .seconds(120), [failure(.deadlineExceeded)])
    #expect(failed?.reason == .attemptFailed(.timedOut))
    #expect(failed?.attempts == 3)
    #expect(bench.endpoint.breakers.status(.write).failures == 3)
    // Ten tokens for each of two repetitions after a timeout.
    #expect(bench.endpoint.budget.level == 480)
  }

  @Test func aSuccessAfterRepetitionsReturnsWhatTheLastOneTook() {
    bench.run(.read, [failure(.unavailable), failure(.unavailable), nil])
    #expect(bench.endpoint.budget.level == 495)
    #expect(statistics.retries(after: .unavailable) == 2)
    #expect(bench.tally[.attempts] == 3 && bench.tally[.retries] == 2)
  }

  @Test func waitsBetweenAttempts() {
    bench.run(.read, [failure(.unavailable)])
    // Full jitter at its longest: 100 ms and doubling.
    #expect(bench.environment.waits.map { ($0 + 500_000) / 1_000_000 } == [100, 200, 400, 800, 1600])
  }

  @Test func aDeadConnectionOfThePoolIsReplacedForFree() {
    bench.connections.isReused = true
    #expect(bench.run(.write, [failure(.staleConnection), nil]) == nil)
    #expect(bench.connections.leased.map(\.fresh) == [false, true])
    #expect(bench.connections.givenBack.map(\.reusable) == [false, true])
    #expect(statistics.attempts == 1 && statistics.reopened == 1 && statistics.allFailures == 0)
    #expect(bench.endpoint.budget.level == 500)
    #expect(bench.environment.waits.isEmpty)
    #expect(bench.endpoint.breakers.status(.write).failures == 0)
  }

  @Test func onlyOnceInAnAttempt() {
    bench.connections.isReused = true
    bench.run(.write, [failure(.staleConnection), failure(.staleConnection), nil])
    #expect(statistics.attempts == 2 && statistics.reopened == 1)
    #expect(statistics.failures(.staleConnection) == 1)
    #expect(bench.endpoint.budget.level == 500)
  }

  @Test func aNewConnectionThatDiesIsAFailure() {
    bench.run(.write, [failure(.staleConnection), nil])
    #expect(statistics.attempts == 2 && statistics.reopened == 0)
  }

  @Test func aWriteThatMayNotHappenTwiceIsNotReplayedBlindly() {
    bench.connections.isReused = true
    let failed = bench.run(.write, isIdempotent: false, [failure(.staleConnection, mayHaveApplied: true), nil])
    #expect(failed?.reason == .attemptFailed(.staleConnection))
    #expect(failed?.mayHaveApplied == true)
    #expect(bench.sent.count == 1)
    #expect(statistics.refusals(.notIdempotent) == 1)
  }

  @Test func whatAnEarlierAttemptMayHaveDoneIsRemembered() {
    bench.connections.isReused = true
    let failed = bench.run(.write, [failure(.staleConnection, mayHaveApplied: true), failure(.refused)])
    #expect(failed?.mayHaveApplied == true)
    #expect(bench.run(.read, [failure(.broken, mayHaveApplied: true)])?.mayHaveApplied == false)
  }

  @Test func anEmptyBudgetEndsRepeating() {
    while bench.endpoint.budget.take(5) {}
    let failed = bench.run(.read, [failure(.unavailable)])
    #expect(failed?.reason == .attemptFailed(.unavailable))
    #expect(failed?.attempts == 1)
    #expect(statistics.refusals(.budget) == 1)
  }

  @Test func anOpenCircuitRefusesWithoutAnAttempt() {
    bench.environment.chance = 1 << 63
    bench.breakCircuit(.read)
    let before = statistics.attempts
    let failed = bench.run(.read, [nil])
    #expect(failed?.reason == .circuitOpen)
    #expect(failed?.attempts == 0)
    #expect((failed?.retryAfter ?? 0) > 25_000_000_000)
    #expect(statistics.attempts == before)
    #expect(statistics.circuitRefusals == 1)
    #expect(statistics.transitions(.read, to: .open) == 1)
    // The other classes go on.
    #expect(bench.run(.write, [nil]) == nil)
  }

  @Test func aCircuitThatOpensEndsTheRequestThatOpenedIt() {
    bench.environment.advance(.seconds(6))
    bench.run(.read, [failure(.unavailable)])
    let failed = bench.run(.read, [failure(.unavailable)])
    #expect(bench.endpoint.breakers.state(.read) == .open)
    #expect(failed?.reason == .attemptFailed(.unavailable))
    #expect(failed?.attempts == 4)
    #expect(failed?.cause as? TestCause == TestCause(kind: .unavailable))
    #expect(statistics.refusals(.circuitOpen) == 1)
  }

  @Test func waitingForAConnectionIsNoFailureOfTheBackend() {
    for reason in [LeaseFailure.poolTimeout, .deadlineExceeded, .cancelled, .closed] {
      bench.connections.refusals = [reason]
      let failed = bench.run(.read, [nil])
      switch reason {
      case .poolTimeout: #expect(failed?.reason == .poolTimeout)
      case .deadlineExceeded: #expect(failed?.reason == .deadlineExceeded)
      case .cancelled: #expect(failed?.reason == .cancelled)
      default: #expect(failed?.reason == .closed)
      }
      #expect(failed?.attempts == 0)
    }
    #expect(bench.sent.isEmpty)
    #expect(statistics.attempts == 0)
    #expect(bench.endpoint.breakers.status(.read).calls == 0)
    #expect(bench.admission.entered == 4 && bench.admission.left == 4)
  }

  @Test func failingToConnectIsAnAttemptThatFailed() {
    bench.connections.refusals = [.openFailed(failure(.unreachable)), .openFailed(failure(.unreachable))]
    #expect(bench.run(.write, isIdempotent: false, [nil]) == nil)
    #expect(statistics.attempts == 3 && statistics.failures(.unreachable) == 2)
    #expect(bench.sent.count == 1)
  }

  @Test func aHalfOpenCircuitGetsItsPermitBackFromWhatNeverStarted() {
    bench.breakCircuit(.read)
    bench.environment.advance(.seconds(40))
    bench.connections.refusals = [.poolTimeout]
    #expect(bench.run(.read, [nil])?.reason == .poolTimeout)
    bench.admission.refusal = .overloaded(retryAfter: 7)
    let overloaded = bench.run(.read, [nil])
    #expect(overloaded?.reason == .overloaded && overloaded?.retryAfter == 7)
    bench.admission.refusal = nil
    for _ in 0..<3 { #expect(bench.run(.read, [nil]) == nil) }
    #expect(bench.endpoint.breakers.state(.read) == .closed)
  }

  @Test func nobodyWaitsPastTheDeadline() {
    let start = bench.environment.now()
    let failed = bench.run(.read, timeout: .seconds(2), [failure(.throttled)])
    // One second fits once; the next wait would be two.
    #expect(failed?.reason == .attemptFailed(.throttled))
    #expect(failed?.attempts == 2)
    #expect(bench.environment.now() - start < 2_000_000_000)
    #expect(statistics.refusals(.deadline) == 1)
  }

  @Test func aCallThatIsLateAlreadySendsNothing() {
    #expect(bench.run(.read, timeout: .zero, [nil])?.reason == .deadlineExceeded)
    #expect(bench.sent.isEmpty)
  }

  @Test func aCancelEndsTheWait() {
    let token = CancelToken()
    bench.environment.onWait = { token.cancel() }
    let failed = bench.run(.write, cancel: token, [failure(.broken, mayHaveApplied: true)])
    #expect(failed?.reason == .cancelled)
    #expect(failed?.attempts == 1)
    #expect(failed?.mayHaveApplied == true)
    #expect(bench.run(.write, cancel: token, [nil])?.attempts == 0)
  }

  @Test func eventsTellTheStory() {
    bench.run(.write, [failure(.unavailable), failure(.throttled, retryAfter: .seconds(2)), failure(.refused)])
    #expect(
      bench.sink.events == [
        "started 1", "failed 1 unavailable", "retried 1 after 99 ms", "started 2", "failed 2 throttled",
        "retried 2 after 2199 ms", "started 3", "failed 3 refused",
      ])
  }

  @Test func injectedFaultsTakeTheWayOfRealOnes() {
    var faults = FaultSettings()
    faults.errorRate = 1
    let failing = RequestBench(faults: faults)
    let failed = failing.run(.read, [nil])
    #expect(failed?.reason == .attemptFailed(.unavailable))
    #expect(failed?.attempts == 6)
    #expect(failing.sent.isEmpty)
    #expect(failing.sink.events.contains("fault error"))

    faults.errorRate = 0
    faults.lostReplyRate = 1
    let losing = RequestBench(faults: faults)
    #expect(losing.run(.write, isIdempotent: false, [nil])?.mayHaveApplied == true)
    #expect(losing.sent.count == 1)
    #expect(losing.connections.givenBack.map(\.reusable) == [false])

    faults.lostReplyRate = 0
    faults.stallRate = 1
    let stalling = RequestBench(faults: faults)
    let start = stalling.environment.now()
    #expect(stalling.run(.read, timeout: .seconds(4), [nil])?.reason == .deadlineExceeded)
    #expect(stalling.environment.now() - start == 4_000_000_000)
  }
}
