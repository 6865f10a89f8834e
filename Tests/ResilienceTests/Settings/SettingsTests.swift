import Testing

@testable import Resilience

@Suite struct SettingsTests {
  @Test func defaultsAreInRange() throws {
    try RetrySettings().check()
    try RetryBudgetSettings().check()
    try CircuitBreakerSettings().check()
    try AttemptTimeouts().check()
    try FaultSettings().check()
  }

  private func message(_ check: () throws(SettingsError) -> Void) -> String {
    do throws(SettingsError) { try check() } catch { return error.message }
    return "in range"
  }

  @Test func errorsNameOptionValueAndRange() {
    var retry = RetrySettings()
    retry.maxAttempts = 0
    #expect(message(retry.check) == #"option "resilience.retry.max_attempts" is 0, expected 1 to 100"#)
    retry = RetrySettings()
    retry.baseDelay = .seconds(-0.5)
    #expect(message(retry.check) == #"option "resilience.retry.base_delay" is -0.5, expected 0 to 3600 seconds"#)
    retry = RetrySettings()
    retry.multiplier = .nan
    #expect(message(retry.check) == #"option "resilience.retry.multiplier" is nan, expected 1.0 to 10.0"#)

    var breaker = CircuitBreakerSettings()
    breaker.failureRate = 0
    #expect(
      message(breaker.check) == #"option "resilience.circuit_breaker.failure_rate" is 0.0, expected above 0 to 1"#)
    breaker = CircuitBreakerSettings()
    breaker.slowCallRate = .nan
    #expect(message(breaker.check).contains("slow_call_rate"))
    breaker = CircuitBreakerSettings()
    breaker.halfOpenCalls = 0
    #expect(message(breaker.check).contains(#"half_open_calls" is 0, expected 1 to 1000"#))

    var timeouts = AttemptTimeouts()
    timeouts.read = .zero
    #expect(
      message(timeouts.check) == #"option "resilience.attempt.read_timeout" is 0, expected 0.001 to 86400 seconds"#)
  }

  @Test func durationsBecomeNanosecondsWithoutOverflow() {
    #expect(Duration.milliseconds(1500).nanoseconds == 1_500_000_000)
    #expect(Duration.seconds(-1).nanoseconds == 0)
    #expect(Duration.nanoseconds(-1).nanoseconds == 0)
    #expect(Duration(secondsComponent: .max, attosecondsComponent: 0).nanoseconds == .max)
  }
}
