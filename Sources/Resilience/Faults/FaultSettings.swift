/// Trouble to rehearse: options `fault_injection.*`. Rates are shares of the attempts, from 0 (default) to 1.
package struct FaultSettings: Sendable, Equatable {
  /// A time during which nothing reaches the backend.
  package struct Outage: Sendable, Equatable {
    /// `after_ms`: milliseconds from the opening of the database, 0 to 86400000.
    package var afterMs: Int
    /// `for_ms`: how long, 0 to 86400000.
    package var forMs: Int

    package init(afterMs: Int, forMs: Int) {
      self.afterMs = afterMs
      self.forMs = forMs
    }
  }

  /// `seed`: which run of chance; the same seed gives the n-th attempt the same fault. Default 0.
  package var seed: UInt64 = 0
  /// `error_rate`: answered "cannot serve now".
  package var errorRate = 0.0
  /// `throttle_rate`: answered "slow down".
  package var throttleRate = 0.0
  /// `unreachable_rate`: no connection comes about.
  package var unreachableRate = 0.0
  /// `stall_rate`: no answer until the attempt's timeout.
  package var stallRate = 0.0
  /// `lost_reply_rate`: carried out, but the connection breaks before the answer.
  package var lostReplyRate = 0.0
  /// `partial_rate`: of a batch about half the items are carried out, but answered "cannot serve now".
  package var partialRate = 0.0
  /// `latency_ms`: milliseconds every attempt takes longer, 0 to 3600000.
  package var latencyMs = 0.0
  /// `latency_jitter`: by which share of it that varies, 0 to 1.
  package var latencyJitter = 0.0
  /// `spike_rate`: attempts that take `spike_ms` longer still.
  package var spikeRate = 0.0
  /// `spike_ms`: milliseconds, 0 to 3600000.
  package var spikeMs = 0.0
  /// `outages`: `[{"after_ms": 5000, "for_ms": 10000}]`, at most 1000.
  package var outages: [Outage] = []

  package init() {}

  /// Refuses what is out of range. The rates of what an attempt ends with share one draw: together at most 1.
  package func check() throws(SettingsError) {
    let rates = [
      ("error_rate", errorRate), ("throttle_rate", throttleRate), ("unreachable_rate", unreachableRate),
      ("stall_rate", stallRate), ("lost_reply_rate", lostReplyRate), ("partial_rate", partialRate),
    ]
    for (name, rate) in rates { try SettingsCheck.number("fault_injection." + name, rate, 0...1) }
    let sum = rates.reduce(0) { $0 + $1.1 }
    if sum > 1.000001 {
      throw SettingsError("fault_injection", "rates of \(sum) in all", expected: "at most 1 in all")
    }
    try SettingsCheck.number("fault_injection.latency_ms", latencyMs, 0...3_600_000)
    try SettingsCheck.number("fault_injection.latency_jitter", latencyJitter, 0...1)
    try SettingsCheck.number("fault_injection.spike_rate", spikeRate, 0...1)
    try SettingsCheck.number("fault_injection.spike_ms", spikeMs, 0...3_600_000)
    try SettingsCheck.integer("fault_injection.outages", outages.count, 0...1000)
    for outage in outages {
      try SettingsCheck.integer("fault_injection.outages.after_ms", outage.afterMs, 0...86_400_000)
      try SettingsCheck.integer("fault_injection.outages.for_ms", outage.forMs, 0...86_400_000)
    }
  }
}
