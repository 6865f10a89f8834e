import Resilience
import Support
import VectorModel

/// How a database bears failures: the options "resilience", "cache" and "fault_injection".
struct ResilienceOptions: Sendable {
  var retry = RetrySettings()
  var budget = RetryBudgetSettings()
  var breaker = CircuitBreakerSettings()
  /// nil = the backend's own; one that cannot hang has none.
  var timeouts: AttemptTimeouts?
  var rateLimit = RateLimiterSettings()
  var bulkhead = BulkheadSettings()
  /// Used by backends that have connections.
  var pool = PoolSettings()
  /// nil = a read is never sent twice.
  var hedge: HedgeSettings?
  var health = HealthSettings()
  var slowCalls = SlowCallSettings()
  /// nil = no cache.
  var cache: CacheSettings?
  /// nil = no faults.
  var faults: FaultSettings?

  /// Names that the option "resilience" holds.
  static let groups = [
    "retry", "retry_budget", "circuit_breaker", "attempt", "rate_limit", "bulkhead", "pool", "hedge", "health",
    "slow_call_threshold",
  ]

  /// Reads the option "resilience": false repeats and breaks nothing. A group that can be absent is switched off by false and
  /// on by true.
  mutating func setResilience(_ value: JSONValue) throws(VectorError) {
    if value.isOff { (retry, breaker) = (.never, .disabled) }
    if value.isOff || value.bool == true { return }
    for (name, value) in try value.options("resilience") {
      let option = "resilience.\(name.text)"
      switch name {
      case "retry": retry = value.isOff ? .never : try .read(value, option, over: retry)
      case "retry_budget": budget = try .read(value, option, over: budget)
      case "circuit_breaker": breaker = value.isOff ? .disabled : try .read(value, option, over: breaker)
      case "attempt": timeouts = try .read(value, option, over: AttemptTimeouts())
      case "rate_limit": rateLimit = value.isOff ? .init() : try .read(value, option, over: rateLimit)
      case "bulkhead": bulkhead = value.isOff ? .init() : try .read(value, option, over: bulkhead)
      case "pool": pool = try .read(value, option, over: pool)
      case "hedge": hedge = try Self.optional(value, option, HedgeSettings())
      case "health": health = try .read(value, option, over: health)
      case "slow_call_threshold":
        slowCalls.slowCallThreshold = value.isOff ? nil : try value.duration(option, 1)
        try checked { () throws(SettingsError) in try slowCalls.check() }
      default: throw unknownOption(name, in: "resilience", known: Self.groups)
      }
    }
  }

  mutating func setCache(_ value: JSONValue) throws(VectorError) {
    cache = try Self.optional(value, "cache", CacheSettings())
  }

  mutating func setFaults(_ value: JSONValue) throws(VectorError) {
    faults = try Self.optional(value, "fault_injection", FaultSettings())
  }

  /// The settings of what databases of one identity share, as a text: those that differ in them share nothing.
  var sharedText: ByteString {
    var json = JSONWriter()
    json.object { json in
      budget.write("retry_budget", to: &json)
      breaker.write("circuit_breaker", to: &json)
      rateLimit.write("rate_limit", to: &json)
      bulkhead.write("bulkhead", to: &json)
      pool.write("pool", to: &json)
    }
    return ByteString(json.text)
  }

  /// Nil for false and null, the defaults for true, else what the object says.
  private static func optional<Group: SettingGroup>(
    _ value: JSONValue, _ option: String, _ defaults: Group
  ) throws(VectorError) -> Group? {
    if value.isOff { return nil }
    return value.bool == true ? defaults : try .read(value, option, over: defaults)
  }
}

extension RetrySettings {
  /// One attempt, whatever happens.
  fileprivate static var never: RetrySettings {
    var settings = RetrySettings()
    settings.maxAttempts = 1
    settings.maxWriteAttempts = 1
    return settings
  }
}

extension CircuitBreakerSettings {
  fileprivate static var disabled: CircuitBreakerSettings {
    var settings = CircuitBreakerSettings()
    settings.enabled = false
    return settings
  }
}

extension DatabaseOptions {
  /// The layers a call really passes, outermost first, and the settings of each.
  func writePipeline(to json: inout JSONWriter) {
    let isRemote = backend != .memory
    resilience.writePipeline(
      backend: backend.rawValue, timeouts: isRemote ? attemptTimeouts : resilience.timeouts, hasPool: isRemote,
      to: &json)
  }
}

extension ResilienceOptions {
  fileprivate func writePipeline(
    backend: String, timeouts: AttemptTimeouts?, hasPool: Bool, to json: inout JSONWriter
  ) {
    var call = ["metrics", "deadline"]
    if cache != nil { call.append("cache") }
    if hedge != nil { call.append("hedge") }
    var request = ["retry", "circuit_breaker"]
    if rateLimit.perSecond != nil { request.append("rate_limit") }
    if bulkhead.maxConcurrent != nil { request.append("bulkhead") }
    if hasPool { request.append("pool") }
    if timeouts != nil { request.append("attempt") }
    if faults != nil { request.append("fault_injection") }
    json.array("pipeline", call + request + [backend])
    json.object("resilience") { json in
      retry.write("retry", to: &json)
      budget.write("retry_budget", to: &json)
      breaker.write("circuit_breaker", to: &json)
      health.write("health", to: &json)
      if rateLimit.perSecond != nil { rateLimit.write("rate_limit", to: &json) }
      if bulkhead.maxConcurrent != nil { bulkhead.write("bulkhead", to: &json) }
      if hasPool { pool.write("pool", to: &json) }
      timeouts?.write("attempt", to: &json)
      hedge?.write("hedge", to: &json)
      if let threshold = slowCalls.slowCallThreshold { json.field("slow_call_threshold", threshold.seconds) }
    }
    cache?.write("cache", to: &json)
    faults?.write("fault_injection", to: &json)
  }
}
