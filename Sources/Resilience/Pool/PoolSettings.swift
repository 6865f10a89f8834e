/// How a pool of connections behaves. Every option lies under `resilience.pool`.
package struct PoolSettings: Sendable, Equatable {
  /// `hard_limit`: connections at most, leased, idle and being opened together. 1 to 10,000, default 10.
  package var hardLimit: Int
  /// `soft_limit`: connections kept when nobody needs them; one that comes back while there are more is closed. 0 to
  /// `hard_limit`, default `hard_limit`.
  package var softLimit: Int?
  /// `wait_timeout`: how long a request waits for a connection. 0 to 1 hour, default 5 s.
  package var waitTimeout: Duration
  /// `connect_timeout`: how long opening one may take, name look-up, TLS and login included. 1 ms to 1 hour, default 5 s.
  package var connectTimeout: Duration
  /// `idle_timeout`: a connection nobody used for so long is closed. 0 to 30 days, default 600 s.
  package var idleTimeout: Duration
  /// `lifetime`: a connection is closed at that age, whatever it does. 0 to 30 days, default 1,800 s.
  package var lifetime: Duration
  /// `lifetime_jitter`: part of its life by which a connection may end earlier, drawn for each, so that connections opened
  /// together do not end together. 0 to 1, default 0.1.
  package var lifetimeJitter: Double
  /// `check_after_idle`: a connection that lay idle for so long is checked before it is lent. 0 to 30 days, default 1 s.
  package var checkAfterIdle: Duration

  package init(
    hardLimit: Int = 10, softLimit: Int? = nil, waitTimeout: Duration = .seconds(5),
    connectTimeout: Duration = .seconds(5), idleTimeout: Duration = .seconds(600), lifetime: Duration = .seconds(1800),
    lifetimeJitter: Double = 0.1, checkAfterIdle: Duration = .seconds(1)
  ) {
    self.hardLimit = hardLimit
    self.softLimit = softLimit
    self.waitTimeout = waitTimeout
    self.connectTimeout = connectTimeout
    self.idleTimeout = idleTimeout
    self.lifetime = lifetime
    self.lifetimeJitter = lifetimeJitter
    self.checkAfterIdle = checkAfterIdle
  }

  /// Throws where a value is outside its range.
  package func check() throws(SettingsError) {
    let month = Duration.seconds(30 * 86400)
    let hour = Duration.seconds(3600)
    try SettingsCheck.integer("resilience.pool.hard_limit", hardLimit, 1...10_000)
    if let softLimit { try SettingsCheck.integer("resilience.pool.soft_limit", softLimit, 0...hardLimit) }
    try SettingsCheck.seconds("resilience.pool.wait_timeout", waitTimeout, .zero...hour)
    try SettingsCheck.seconds("resilience.pool.connect_timeout", connectTimeout, .milliseconds(1)...hour)
    try SettingsCheck.seconds("resilience.pool.idle_timeout", idleTimeout, .zero...month)
    try SettingsCheck.seconds("resilience.pool.lifetime", lifetime, .zero...month)
    try SettingsCheck.number("resilience.pool.lifetime_jitter", lifetimeJitter, 0...1)
    try SettingsCheck.seconds("resilience.pool.check_after_idle", checkAfterIdle, .zero...month)
  }
}
