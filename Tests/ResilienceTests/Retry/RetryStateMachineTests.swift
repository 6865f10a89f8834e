import Testing

@testable import Resilience

@Suite struct RetryStateMachineTests {
  private static let second: UInt64 = 1_000_000_000
  private typealias Failed = RetryStateMachine.Failed

  private static let read = RequestKind("search", .read)
  private static let write = RequestKind("upsert", .write)
  private static let appending = RequestKind("append", .write, isIdempotent: false)

  /// Decisions of a request all of whose attempts fail in the same way, until it stops.
  private func decisions(
    _ kind: RequestKind, _ failed: Failed, left: UInt64? = nil, random: UInt64 = .max,
    settings: RetrySettings = RetrySettings()
  ) -> [RetryStateMachine.Decision] {
    var machine = RetryStateMachine(kind, settings)
    let rules = RetryRules(settings, RetryBudgetSettings())
    var result: [RetryStateMachine.Decision] = []
    let now = 5 * Self.second
    while result.count < 1000 {
      machine.attemptStarted()
      let decision = machine.attemptFailed(
        failed, now: now, deadline: left.map { now + $0 }, random: random, rules: rules)
      result.append(decision)
      if case .stop = decision { break }
    }
    return result
  }

  @Test(arguments: [(RequestClass.read, 6), (.write, 3), (.control, 3)])
  func attemptsAreLimitedByClass(requestClass: RequestClass, attempts: Int) {
    let all = decisions(RequestKind("any", requestClass), Failed(.unavailable))
    #expect(all.count == attempts)
    #expect(all.last == .stop(.attemptLimit))
  }

  @Test(arguments: AttemptFailure.Kind.allCases)
  func onlyTransientFailuresAreRepeated(kind: AttemptFailure.Kind) {
    let isRepeated = decisions(Self.read, Failed(kind)).count > 1
    #expect(isRepeated == kind.isTransient)
    if !kind.isTransient { #expect(decisions(Self.read, Failed(kind)) == [.stop(nil)]) }
  }

  @Test func aWriteThatMayHaveHappenedIsRepeatedOnlyWhenItMayHappenTwice() {
    #expect(decisions(Self.write, Failed(.broken, mayHaveApplied: true)).count == 3)
    #expect(decisions(Self.appending, Failed(.broken, mayHaveApplied: true)) == [.stop(.notIdempotent)])
    #expect(decisions(Self.appending, Failed(.unreachable)).count == 3)
  }

  @Test func aThrottleWaitsLonger() {
    var settings = RetrySettings()
    settings.jitter = .none
    let throttled = decisions(Self.read, Failed(.throttled), settings: settings)
    #expect(throttled.first == .retry(after: Self.second, cost: 5))
    let unavailable = decisions(Self.read, Failed(.unavailable), settings: settings)
    #expect(unavailable.first == .retry(after: Self.second / 10, cost: 5))
    #expect(unavailable[1] == .retry(after: Self.second / 5, cost: 5))
  }

  @Test func aTimeoutCostsTheBudgetMore() {
    #expect(decisions(Self.read, Failed(.timedOut), random: 0).first == .retry(after: 0, cost: 10))
  }

  @Test func waitsWhatTheBackendAsksAndUpToATenthMore() {
    let failed = Failed(.throttled, retryAfter: 3 * Self.second)
    #expect(decisions(Self.read, failed, random: 0).first == .retry(after: 3 * Self.second, cost: 5))
    guard case .retry(let longest, _) = decisions(Self.read, failed, random: .max).first else {
      Issue.record("not repeated")
      return
    }
    #expect(longest > 3 * Self.second && longest <= 3_300_000_000)
  }

  @Test(arguments: [(4_000_000_000, true), (3_000_000_000, false), (2_999_999_999, false), (1, false)])
  func aWaitThatTheDeadlineDoesNotLeaveEndsTheRequest(left: UInt64, isRepeated: Bool) {
    let all = decisions(Self.read, Failed(.throttled, retryAfter: 3 * Self.second), left: left, random: 0)
    #expect(all.first == (isRepeated ? .retry(after: 3 * Self.second, cost: 5) : .stop(.deadline)))
  }

  @Test func nobodyWaitsAnHourBecauseABackendSaysSo() {
    #expect(decisions(Self.read, Failed(.throttled, retryAfter: 3600 * Self.second)) == [.stop(.deadline)])
    #expect(decisions(Self.read, Failed(.throttled, retryAfter: .max)) == [.stop(.deadline)])
  }

  @Test func remembersThatAnEarlierAttemptMayHaveApplied() {
    var machine = RetryStateMachine(Self.write, RetrySettings())
    let rules = RetryRules(RetrySettings(), RetryBudgetSettings())
    machine.attemptStarted()
    _ = machine.attemptFailed(.init(.broken, mayHaveApplied: true), now: 0, deadline: nil, random: 0, rules: rules)
    machine.attemptStarted()
    _ = machine.attemptFailed(.init(.refused), now: 0, deadline: nil, random: 0, rules: rules)
    #expect(machine.mayHaveApplied)
    #expect(machine.attempts == 2)
  }
}
