/// Whether, how often and after which wait an attempt is repeated: options `resilience.retry.*`.
package struct RetrySettings: Sendable, Equatable {
  /// `max_attempts`: attempts of one read, the first among them. 1 to 100, default 6; 1 repeats nothing.
  ///
  /// The token budget is the real limit: with 30 % failures three attempts leave 2.7 % of the calls unanswered, six 0.07 %.
  package var maxAttempts = 6
  /// `max_write_attempts`: attempts of one write or control request. 1 to 100, default 3.
  package var maxWriteAttempts = 3
  /// `backoff`: how waits grow, "constant" or "exponential" (default).
  package var backoff = Backoff.Growth.exponential
  /// `jitter`: how much chance is in a wait, "none", "full" (default), "equal" or "decorrelated".
  package var jitter = Backoff.Jitter.full
  /// `base_delay`: seconds before the first repetition, 0 to 3600, default 0.1.
  package var baseDelay = Duration.milliseconds(100)
  /// `throttle_base_delay`: the same after the backend asked to slow down, seconds, 0 to 3600, default 1.
  package var throttleBaseDelay = Duration.seconds(1)
  /// `multiplier`: factor from one wait to the next, 1 to 10, default 2. Not used by constant backoff.
  package var multiplier = 2.0
  /// `max_delay`: longest wait of our own choice, seconds, 0 to 3600, default 10.
  package var maxDelay = Duration.seconds(10)
  /// `max_retry_after`: longest wait a backend may ask for, seconds, 0 to 3600, default 60. Where it asks for more, or for more
  /// than the deadline leaves, the request fails at once and tells how long.
  package var maxRetryAfter = Duration.seconds(60)

  package init() {}

  /// Refuses what is out of range.
  package func check() throws(SettingsError) {
    let hour = Duration.zero...Duration.seconds(3600)
    try SettingsCheck.integer("resilience.retry.max_attempts", maxAttempts, 1...100)
    try SettingsCheck.integer("resilience.retry.max_write_attempts", maxWriteAttempts, 1...100)
    try SettingsCheck.seconds("resilience.retry.base_delay", baseDelay, hour)
    try SettingsCheck.seconds("resilience.retry.throttle_base_delay", throttleBaseDelay, hour)
    try SettingsCheck.number("resilience.retry.multiplier", multiplier, 1...10)
    try SettingsCheck.seconds("resilience.retry.max_delay", maxDelay, hour)
    try SettingsCheck.seconds("resilience.retry.max_retry_after", maxRetryAfter, hour)
  }

  /// Attempts a request of that class may make.
  package func attemptLimit(_ requestClass: RequestClass) -> Int {
    requestClass == .read ? maxAttempts : maxWriteAttempts
  }
}
