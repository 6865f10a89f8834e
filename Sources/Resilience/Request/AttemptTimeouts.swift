/// How long one attempt may take, from the moment it has its connection: options `resilience.attempt.*`. Never more than what
/// the call's deadline leaves.
package struct AttemptTimeouts: Sendable, Equatable {
  /// `read_timeout`: seconds of a read, 0.001 to 86400, default 10.
  package var read = Duration.seconds(10)
  /// `write_timeout`: seconds of a write or control request, 0.001 to 86400, default 30.
  package var write = Duration.seconds(30)

  package init() {}

  /// Refuses what is out of range.
  package func check() throws(SettingsError) {
    let range = Duration.milliseconds(1)...Duration.seconds(86_400)
    try SettingsCheck.seconds("resilience.attempt.read_timeout", read, range)
    try SettingsCheck.seconds("resilience.attempt.write_timeout", write, range)
  }
}
