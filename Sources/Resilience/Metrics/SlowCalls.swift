/// Which calls are told of as slow.
package struct SlowCallSettings: Sendable, Equatable {
  /// `slow_call_threshold`: seconds from which on a call is slow, 0.000001 to 86,400; default none: no call is.
  package var slowCallThreshold: Duration?

  package init(slowCallThreshold: Duration? = nil) { self.slowCallThreshold = slowCallThreshold }

  package func check() throws(SettingsError) {
    guard let slowCallThreshold else { return }
    try SettingsCheck.seconds(
      "resilience.slow_call_threshold", slowCallThreshold, .microseconds(1) ... .seconds(86_400))
  }
}

/// Tells of calls that took longer than the user wants.
package struct SlowCalls: Sendable {
  /// Nanoseconds.
  private let threshold: UInt64

  /// Settings must be checked.
  package init(_ settings: SlowCallSettings) { threshold = settings.slowCallThreshold?.nanoseconds ?? .max }

  /// Looks at a call that took `elapsed` nanoseconds; counts and tells of it when it was slow.
  package func observe(
    _ operation: StaticString, elapsed: UInt64, _ metrics: CallMetrics, _ events: (any EventSink)?
  ) {
    guard elapsed >= threshold else { return }
    metrics.addSlowCall()
    if let events, events.wants(.warning) { events.emit(.slowCall(operation, elapsed: elapsed)) }
  }
}
