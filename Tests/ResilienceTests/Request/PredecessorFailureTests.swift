import Support
import Testing

@testable import Resilience

/// What a predecessor of this library got wrong, and must never happen here.
@Suite struct PredecessorFailureTests {
  @Test func oneFailingCallMadeSixteenAttemptsInsteadOfFour() {
    var retry = RetrySettings()
    retry.maxAttempts = 4
    retry.maxWriteAttempts = 4
    let single = RequestBench(retry: retry)
    #expect(single.run(.read, [failure(.unavailable)])?.attempts == 4)
    #expect(single.sent.count == 4)

    let batch = RequestBench(retry: retry)
    var sent = 0
    let outcome = batch.executor.runBatch(RequestKind("upsert", .write), items: 4, .unbounded) {
      _, _, pending, answer throws(AttemptFailure) in
      sent += 1
      let cause = answer.cause(TestCause(kind: .unavailable))
      for position in 0..<pending.count { _ = answer.fail(at: position, .unavailable, cause: cause) }
    }
    #expect(sent == 4)
    #expect(outcome.stopped?.attempts == 4)
  }

  @Test func halfOpenAdmittedAHundredOfAHundred() {
    var breaker = CircuitBreakerSettings()
    breaker.consecutiveFailures = 1
    breaker.consecutiveDuration = .zero
    breaker.openDuration = .milliseconds(1)
    var retry = RetrySettings()
    retry.maxAttempts = 1
    let environment = SystemEnvironment.shared
    let endpoint = Endpoint(
      identity: "half-open", connections: NoConnections(), breaker: breaker, environment: environment)
    let executor = RequestExecutor(endpoint, retry: retry)
    let kind = RequestKind("search", .read)
    _ = try? executor.run(kind, .unbounded) { _, _ throws(AttemptFailure) in throw failure(.unavailable) }
    #expect(endpoint.breakers.state(.read) == .open)
    _ = environment.makeParking().park(until: environment.now() + 5_000_000, cancel: nil)

    let admitted = AtomicWord(0)
    let refused = AtomicWord(0)
    runThreads(100) { _ in
      do throws(RequestFailure) {
        try executor.run(kind, .unbounded) { _, _ throws(AttemptFailure) in
          admitted.add(1)
          // Inside until everybody else was turned away, so that no second permit can be a later one.
          let limit = environment.now() + 20_000_000_000
          while refused.load() + admitted.load() < 100, environment.now() < limit {
            _ = environment.makeParking().park(until: environment.now() + 1_000_000, cancel: nil)
          }
        }
      } catch {
        #expect(error.reason == .circuitOpen)
        refused.add(1)
      }
    }
    #expect(admitted.load() == 1)
    #expect(refused.load() == 99)
    #expect(endpoint.breakers.state(.read) == .halfOpen)
  }

  @Test func aThrottleGotNoRetry() {
    let bench = RequestBench()
    bench.environment.chance = 0
    #expect(bench.run(.write, [failure(.throttled, retryAfter: .seconds(7)), failure(.throttled), nil]) == nil)
    #expect(bench.sent.count == 3)
    #expect(bench.environment.waits.first == 7_000_000_000)
    #expect(bench.endpoint.counters.statistics.failures(.throttled) == 2)
    // It says that the backend works.
    for _ in 0..<1000 {
      bench.environment.advance(.seconds(1))
      bench.run(.read, [failure(.throttled)])
    }
    #expect(bench.endpoint.breakers.state(.read) == .closed)
  }

  @Test func programmingErrorsOpenedTheBreaker() {
    let bench = RequestBench()
    for requestClass in RequestClass.allCases {
      for _ in 0..<1000 {
        bench.environment.advance(.milliseconds(50))
        #expect(bench.run(requestClass, [failure(.refused)])?.attempts == 1)
      }
      #expect(bench.endpoint.breakers.state(requestClass) == .closed)
      #expect(bench.endpoint.breakers.status(requestClass).failures == 0)
    }
    #expect(bench.endpoint.budget.level == 500)
  }
}
