/// When a read is sent a second time because the first takes long: option `resilience.hedge`. Off without the option.
package struct HedgeSettings: Sendable, Equatable {
  /// `delay`: seconds after which the second run starts, 0.001 to 3600; default none: after `quantile` of recent calls.
  package var delay: Duration?
  /// `quantile`: share of recent calls that end before a second run starts, 0.5 to 0.999; default 0.95.
  package var quantile: Double
  /// `min_delay`: seconds before which no second run starts, however fast recent calls were, 0 to 3600; default 0.002.
  package var minDelay: Duration

  package init(delay: Duration? = nil, quantile: Double = 0.95, minDelay: Duration = .milliseconds(2)) {
    self.delay = delay
    self.quantile = quantile
    self.minDelay = minDelay
  }

  package func check() throws(SettingsError) {
    if let delay {
      try SettingsCheck.seconds("resilience.hedge.delay", delay, .milliseconds(1) ... .seconds(3600))
    }
    try SettingsCheck.number("resilience.hedge.quantile", quantile, 0.5...0.999)
    try SettingsCheck.seconds("resilience.hedge.min_delay", minDelay, .zero ... .seconds(3600))
  }
}
