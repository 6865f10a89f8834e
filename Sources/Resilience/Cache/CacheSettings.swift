/// How much a database remembers of what it answered, and how long: option `cache`. Without the option there is no cache.
///
/// Only answers are kept, never errors.
package struct CacheSettings: Sendable, Equatable {
  /// `max_entries`: answers kept at most, 1 to 1,000,000; default 1000. The least recently used goes first.
  package var maxEntries: Int
  /// `max_bytes`: bytes of keys and answers kept at most, 1 KiB to 1 TiB; default 64 MiB.
  package var maxBytes: Int
  /// `ttl`: seconds an answer is served after it came, 0.001 to 86,400; default 30.
  package var ttl: Duration
  /// `stale_on_error`: serve an answer beyond its `ttl`, marked as stale, when the backend fails; default false.
  package var staleOnError: Bool
  /// `max_stale`: seconds after which an answer is not served even then, 0.001 to 3600; default 3600.
  package var maxStale: Duration
  /// `quiet_period`: seconds after a write, or until a flush, in which nothing is kept because the backend may still answer
  /// from before the write, 0 to 3600; default 30. Unused where writes are visible at once.
  package var quietPeriod: Duration

  package init(
    maxEntries: Int = 1000, maxBytes: Int = 64 << 20, ttl: Duration = .seconds(30), staleOnError: Bool = false,
    maxStale: Duration = .seconds(3600), quietPeriod: Duration = .seconds(30)
  ) {
    self.maxEntries = maxEntries
    self.maxBytes = maxBytes
    self.ttl = ttl
    self.staleOnError = staleOnError
    self.maxStale = maxStale
    self.quietPeriod = quietPeriod
  }

  package func check() throws(SettingsError) {
    try SettingsCheck.integer("cache.max_entries", maxEntries, 1...1_000_000)
    try SettingsCheck.integer("cache.max_bytes", maxBytes, 1024...1 << 40)
    try SettingsCheck.seconds("cache.ttl", ttl, .milliseconds(1) ... .seconds(86_400))
    try SettingsCheck.seconds("cache.max_stale", maxStale, .milliseconds(1) ... .seconds(3600))
    try SettingsCheck.seconds("cache.quiet_period", quietPeriod, .zero ... .seconds(3600))
  }
}
