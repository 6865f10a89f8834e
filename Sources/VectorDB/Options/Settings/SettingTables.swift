import Resilience
import Support
import VectorModel

/// A group of settings with the names they have in JSON. What they mean, their units, defaults and ranges stand at the
/// properties; docs/resilience.md tells the same, and a test holds the two together.
protocol SettingGroup: Sendable {
  static var table: [Setting<Self>] { get }
  /// Refuses what is out of range.
  func check() throws(SettingsError)
}

extension RetrySettings: SettingGroup {
  static let table: [Setting<Self>] = [
    .init("max_attempts", \.maxAttempts), .init("max_write_attempts", \.maxWriteAttempts),
    .init("backoff", \.backoff), .init("jitter", \.jitter), .init("base_delay", \.baseDelay),
    .init("throttle_base_delay", \.throttleBaseDelay), .init("multiplier", \.multiplier),
    .init("max_delay", \.maxDelay), .init("max_retry_after", \.maxRetryAfter),
  ]
}

extension RetryBudgetSettings: SettingGroup {
  static let table: [Setting<Self>] = [
    .init("capacity", \.capacity), .init("retry_cost", \.retryCost), .init("timeout_cost", \.timeoutCost),
    .init("success_return", \.successReturn),
  ]
}

extension CircuitBreakerSettings: SettingGroup {
  static let table: [Setting<Self>] = [
    .init("enabled", \.enabled), .init("window", \.window), .init("window_duration", \.windowDuration),
    .init("window_calls", \.windowCalls), .init("minimum_calls", \.minimumCalls), .init("failure_rate", \.failureRate),
    .init("slow_call_duration", \.slowCallDuration), .init("slow_call_rate", \.slowCallRate),
    .init("consecutive_failures", \.consecutiveFailures), .init("consecutive_duration", \.consecutiveDuration),
    .init("open_duration", \.openDuration), .init("max_open_duration", \.maxOpenDuration),
    .init("half_open_calls", \.halfOpenCalls), .init("half_open_successes", \.halfOpenSuccesses),
  ]
}

extension AttemptTimeouts: SettingGroup {
  static let table: [Setting<Self>] = [
    .init("read_timeout", \.read), .init("write_timeout", \.write),
  ]
}

extension RateLimiterSettings: SettingGroup {
  static let table: [Setting<Self>] = [
    .init("per_second", \.perSecond), .init("burst", \.burst), .init("max_wait", \.maxWait),
  ]
}

extension BulkheadSettings: SettingGroup {
  static let table: [Setting<Self>] = [
    .init("max_concurrent", \.maxConcurrent), .init("max_waiting", \.maxWaiting), .init("max_wait", \.maxWait),
  ]
}

extension PoolSettings: SettingGroup {
  static let table: [Setting<Self>] = [
    .init("hard_limit", \.hardLimit), .init("soft_limit", \.softLimit), .init("wait_timeout", \.waitTimeout),
    .init("connect_timeout", \.connectTimeout), .init("idle_timeout", \.idleTimeout), .init("lifetime", \.lifetime),
    .init("lifetime_jitter", \.lifetimeJitter), .init("check_after_idle", \.checkAfterIdle),
  ]
}

extension HedgeSettings: SettingGroup {
  static let table: [Setting<Self>] = [
    .init("delay", \.delay), .init("quantile", \.quantile), .init("min_delay", \.minDelay),
  ]
}

extension HealthSettings: SettingGroup {
  static let table: [Setting<Self>] = [
    .init("window", \.window), .init("degraded_rate", \.degradedRate), .init("min_calls", \.minCalls),
    .init("probe_timeout", \.probeTimeout), .init("probe_interval", \.probeInterval),
  ]
}

extension CacheSettings: SettingGroup {
  static let table: [Setting<Self>] = [
    .init("max_entries", \.maxEntries), .init("max_bytes", \.maxBytes), .init("ttl", \.ttl),
    .init("stale_on_error", \.staleOnError), .init("max_stale", \.maxStale), .init("quiet_period", \.quietPeriod),
  ]
}

extension FaultSettings: SettingGroup {
  static let table: [Setting<Self>] = [
    .init("seed", \.seed), .init("error_rate", \.errorRate), .init("throttle_rate", \.throttleRate),
    .init("unreachable_rate", \.unreachableRate), .init("stall_rate", \.stallRate),
    .init("lost_reply_rate", \.lostReplyRate), .init("partial_rate", \.partialRate), .init("latency_ms", \.latencyMs),
    .init("latency_jitter", \.latencyJitter), .init("spike_rate", \.spikeRate), .init("spike_ms", \.spikeMs),
    .init("outages", read: readOutages, write: writeOutages),
  ]

  /// `[{"after_ms": 5000, "for_ms": 10000}, …]`
  @Sendable private static func readOutages(
    _ value: JSONValue, _ option: String, _ settings: inout FaultSettings
  ) throws(VectorError) {
    guard value.kind == .array else {
      throw VectorError(.invalidOption, "option \"\(option)\" is \(value.kindName), expected a list of objects")
    }
    settings.outages = []
    for element in value.elements {
      settings.outages.append(try .read(element, option, over: .init(afterMs: 0, forMs: 0)))
    }
  }

  @Sendable private static func writeOutages(_ settings: FaultSettings, _ json: inout JSONWriter) {
    json.array { json in
      for outage in settings.outages {
        json.object { json in for setting in Outage.table { setting.write(outage, to: &json) } }
      }
    }
  }
}

extension FaultSettings.Outage: SettingGroup {
  static let table: [Setting<Self>] = [.init("after_ms", \.afterMs), .init("for_ms", \.forMs)]

  /// The settings it belongs to check it.
  func check() throws(SettingsError) {}
}
