/// How many calls a second an endpoint gets. Options under `resilience.rate_limit`; off unless `per_second` is given.
package struct RateLimiterSettings: Sendable, Equatable {
  /// `per_second`: requests a second on average, retries among them. 0.001 to 1,000,000, default none: no limit.
  package var perSecond: Double?
  /// `burst`: requests that may go at once after a pause. 1 to 1,000,000, default 1.
  package var burst: Int
  /// `max_wait`: a request that would have to wait longer for its turn is refused. 0 to 1 hour, default 5 s.
  package var maxWait: Duration

  package init(perSecond: Double? = nil, burst: Int = 1, maxWait: Duration = .seconds(5)) {
    self.perSecond = perSecond
    self.burst = burst
    self.maxWait = maxWait
  }

  /// Throws where a value is outside its range.
  package func check() throws(SettingsError) {
    if let perSecond { try SettingsCheck.number("resilience.rate_limit.per_second", perSecond, 0.001...1_000_000) }
    try SettingsCheck.integer("resilience.rate_limit.burst", burst, 1...1_000_000)
    try SettingsCheck.seconds("resilience.rate_limit.max_wait", maxWait, .zero ... .seconds(3600))
  }
}

/// How many requests an endpoint works on at a time. Options under `resilience.bulkhead`; off unless `max_concurrent` is given.
package struct BulkheadSettings: Sendable, Equatable {
  /// `max_concurrent`: requests under way at most. 1 to 1,000,000, default none: no limit.
  package var maxConcurrent: Int?
  /// `max_waiting`: requests that may wait for a place; further ones are refused. 0 to 1,000,000, default 1,000.
  package var maxWaiting: Int
  /// `max_wait`: how long one waits for a place. 0 to 1 hour, default 5 s.
  package var maxWait: Duration

  package init(maxConcurrent: Int? = nil, maxWaiting: Int = 1000, maxWait: Duration = .seconds(5)) {
    self.maxConcurrent = maxConcurrent
    self.maxWaiting = maxWaiting
    self.maxWait = maxWait
  }

  /// Throws where a value is outside its range.
  package func check() throws(SettingsError) {
    if let maxConcurrent {
      try SettingsCheck.integer("resilience.bulkhead.max_concurrent", maxConcurrent, 1...1_000_000)
    }
    try SettingsCheck.integer("resilience.bulkhead.max_waiting", maxWaiting, 0...1_000_000)
    try SettingsCheck.seconds("resilience.bulkhead.max_wait", maxWait, .zero ... .seconds(3600))
  }
}
