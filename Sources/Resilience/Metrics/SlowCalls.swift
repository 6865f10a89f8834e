/// Tells of calls that took longer than the user wants.
package struct SlowCalls: Sendable {
  /// `slow_call_threshold`: seconds from which on a call is slow, above 0 to 86,400; default none. Nanoseconds here.
  package let threshold: UInt64

  /// - Parameter threshold: nil tells of nothing.
  package init(threshold: Duration?) throws(SettingsError) {
    if let threshold {
      try SettingsCheck.seconds("resilience.slow_call_threshold", threshold, .microseconds(1) ... .seconds(86_400))
    }
    self.threshold = threshold?.nanoseconds ?? .max
  }

  /// Looks at a call that ended; counts and tells of it when it was slow.
  package func observe(
    _ operation: StaticString, elapsed: UInt64, _ metrics: CallMetrics, _ events: (any EventSink)?
  ) {
    guard elapsed >= threshold else { return }
    metrics.addSlowCall()
    if let events, events.wants(.warning) { events.emit(.slowCall(operation, elapsed: elapsed)) }
  }
}
