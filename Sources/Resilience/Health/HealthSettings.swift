/// How health is judged and probed: options below `resilience.health`.
package struct HealthSettings: Sendable, Equatable {
  /// `window`: seconds of recent calls that count, 1 to 3600; default 60.
  package var window: Duration
  /// `degraded_rate`: share of failed, throttled and late calls from which on health is degraded, 0.001 to 1; default 0.1.
  package var degradedRate: Double
  /// `min_calls`: calls in the window before that share means anything, 1 to 1,000,000; default 10.
  package var minCalls: Int
  /// `probe_timeout`: seconds a probe may take, 0.01 to 60; default 3.
  package var probeTimeout: Duration
  /// `probe_interval`: seconds between probes without anybody asking, 1 to 86,400; default none: only when asked.
  package var probeInterval: Duration?

  package init(
    window: Duration = .seconds(60), degradedRate: Double = 0.1, minCalls: Int = 10,
    probeTimeout: Duration = .seconds(3), probeInterval: Duration? = nil
  ) {
    self.window = window
    self.degradedRate = degradedRate
    self.minCalls = minCalls
    self.probeTimeout = probeTimeout
    self.probeInterval = probeInterval
  }

  package func check() throws(SettingsError) {
    try SettingsCheck.seconds("resilience.health.window", window, .seconds(1) ... .seconds(3600))
    try SettingsCheck.number("resilience.health.degraded_rate", degradedRate, 0.001...1)
    try SettingsCheck.integer("resilience.health.min_calls", minCalls, 1...1_000_000)
    try SettingsCheck.seconds("resilience.health.probe_timeout", probeTimeout, .milliseconds(10) ... .seconds(60))
    if let probeInterval {
      try SettingsCheck.seconds("resilience.health.probe_interval", probeInterval, .seconds(1) ... .seconds(86_400))
    }
  }
}
