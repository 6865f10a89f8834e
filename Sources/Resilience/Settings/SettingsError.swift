/// A setting outside its range, named as the user wrote it.
package struct SettingsError: Error, Equatable {
  /// Path of the option: "resilience.retry.max_attempts".
  package let option: String
  /// The value that was given.
  package let value: String
  /// What would have been right: "1 to 100".
  package let expected: String

  package init(_ option: String, _ value: String, expected: String) {
    self.option = option
    self.value = value
    self.expected = expected
  }

  /// One line for the user.
  package var message: String { "option \"\(option)\" is \(value), expected \(expected)" }
}

/// Checks of single settings; each throws the error that names the option, its value and its range.
package enum SettingsCheck {
  /// An integer within a range.
  package static func integer(_ option: String, _ value: Int, _ range: ClosedRange<Int>) throws(SettingsError) {
    if range.contains(value) { return }
    throw SettingsError(option, "\(value)", expected: "\(range.lowerBound) to \(range.upperBound)")
  }

  /// A finite number within a range.
  package static func number(_ option: String, _ value: Double, _ range: ClosedRange<Double>) throws(SettingsError) {
    if value.isFinite, range.contains(value) { return }
    throw SettingsError(option, "\(value)", expected: "\(range.lowerBound) to \(range.upperBound)")
  }

  /// A share that something must reach: above 0, at most 1.
  package static func share(_ option: String, _ value: Double) throws(SettingsError) {
    if value > 0, value <= 1 { return }
    throw SettingsError(option, "\(value)", expected: "above 0 to 1")
  }

  /// A duration within a range, told in seconds.
  package static func seconds(
    _ option: String, _ value: Duration, _ range: ClosedRange<Duration>
  ) throws(SettingsError) {
    if range.contains(value) { return }
    throw SettingsError(
      option, text(value), expected: "\(text(range.lowerBound)) to \(text(range.upperBound)) seconds")
  }

  /// Seconds as a user writes them, to the microsecond: "0.1", "30".
  private static func text(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    let micros = attoseconds / 1_000_000_000_000
    if micros == 0 { return "\(seconds)" }
    return "\(Double(seconds) + Double(micros) / 1e6)"
  }
}
