/// When an endpoint counts as broken, and how its recovery is tried: options `resilience.circuit_breaker.*`.
package struct CircuitBreakerSettings: Sendable, Equatable {
  /// What the window slides over.
  package enum Window: String, CaseIterable, Sendable {
    /// The last `window_duration`.
    case time
    /// The last `window_calls` attempts.
    case count
  }

  /// `enabled`: false leaves the circuit closed whatever happens; by hand it can still be opened. Default true.
  package var enabled = true
  /// `window`: "time" (default) or "count".
  package var window = Window.time
  /// `window_duration`: seconds a time window reaches back, 1 to 3600, default 30. Counted in thirtieths.
  package var windowDuration = Duration.seconds(30)
  /// `window_calls`: attempts a count window holds, 1 to 10000, default 100.
  package var windowCalls = 100
  /// `minimum_calls`: attempts in the window before a rate means anything, 1 to 1000000, default 100. A count window never
  /// asks for more than it holds.
  package var minimumCalls = 100
  /// `failure_rate`: share of failed attempts that opens, above 0 to 1, default 0.5.
  package var failureRate = 0.5
  /// `slow_call_duration`: seconds from which an attempt counts as slow, 0 to 3600, default 0: none does.
  package var slowCallDuration = Duration.zero
  /// `slow_call_rate`: share of slow attempts that opens, above 0 to 1, default 0.8.
  package var slowCallRate = 0.8
  /// `consecutive_failures`: failures in a row that open, 0 to 1000000, default 10; 0 turns the rule off.
  package var consecutiveFailures = 10
  /// `consecutive_duration`: seconds since the last success before the rule above opens, 0 to 3600, default 5. Ten failures
  /// within a moment are a hiccup.
  package var consecutiveDuration = Duration.seconds(5)
  /// `open_duration`: seconds a circuit stays open the first time, 0.001 to 3600, default 30; doubles with each failed
  /// recovery. 10 % more or less by chance, so that many processes do not come back at once.
  package var openDuration = Duration.seconds(30)
  /// `max_open_duration`: seconds that doubling ends at, 0.001 to 86400, default 300.
  package var maxOpenDuration = Duration.seconds(300)
  /// `half_open_calls`: attempts permitted at a time while half-open, 1 to 1000, default 1.
  package var halfOpenCalls = 1
  /// `half_open_successes`: successes that close a half-open circuit, 1 to 1000, default 3. One failure opens it again.
  package var halfOpenSuccesses = 3

  package init() {}

  /// Refuses what is out of range.
  package func check() throws(SettingsError) {
    let path = "resilience.circuit_breaker."
    let hour = Duration.zero...Duration.seconds(3600)
    try SettingsCheck.seconds(path + "window_duration", windowDuration, .seconds(1)...(.seconds(3600)))
    try SettingsCheck.integer(path + "window_calls", windowCalls, 1...10_000)
    try SettingsCheck.integer(path + "minimum_calls", minimumCalls, 1...1_000_000)
    try SettingsCheck.share(path + "failure_rate", failureRate)
    try SettingsCheck.seconds(path + "slow_call_duration", slowCallDuration, hour)
    try SettingsCheck.share(path + "slow_call_rate", slowCallRate)
    try SettingsCheck.integer(path + "consecutive_failures", consecutiveFailures, 0...1_000_000)
    try SettingsCheck.seconds(path + "consecutive_duration", consecutiveDuration, hour)
    try SettingsCheck.seconds(path + "open_duration", openDuration, .milliseconds(1)...(.seconds(3600)))
    try SettingsCheck.seconds(path + "max_open_duration", maxOpenDuration, .milliseconds(1)...(.seconds(86_400)))
    try SettingsCheck.integer(path + "half_open_calls", halfOpenCalls, 1...1000)
    try SettingsCheck.integer(path + "half_open_successes", halfOpenSuccesses, 1...1000)
  }
}
