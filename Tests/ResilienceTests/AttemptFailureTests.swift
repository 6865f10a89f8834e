import Testing

@testable import Resilience

/// The table by which retry and breaker decide: DESIGN's rules, one line a kind.
@Suite struct AttemptFailureTests {
  @Test func onlyTheBackendsOwnTroubleCountsAgainstIt() {
    let failures = AttemptFailure.Kind.allCases.filter { $0.verdict == .failure }
    #expect(failures == [.unreachable, .staleConnection, .broken, .timedOut, .unavailable])
    let neither = AttemptFailure.Kind.allCases.filter { $0.verdict == .neither }
    #expect(neither == [.throttled, .cancelled, .deadlineExceeded])
  }

  @Test func callersMistakesAreNeverRepeated() {
    let final = AttemptFailure.Kind.allCases.filter { !$0.isTransient }
    #expect(final == [.refused, .cancelled, .deadlineExceeded])
  }
}
