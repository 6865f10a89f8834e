import Support

/// `PoolSettings` as the state machine reckons: nanoseconds and whole numbers.
package struct PoolRules: Sendable {
  package let hardLimit: Int
  package let softLimit: Int
  package let idleTimeout: UInt64
  package let lifetime: UInt64
  /// Nanoseconds by which a life may be shortened.
  package let lifetimeJitter: UInt64
  package let checkAfterIdle: UInt64

  package init(_ settings: PoolSettings) {
    // A grant's number has 16 bits for its place.
    hardLimit = min(max(settings.hardLimit, 1), 10_000)
    softLimit = min(max(settings.softLimit ?? hardLimit, 0), hardLimit)
    idleTimeout = settings.idleTimeout.nanoseconds
    lifetime = settings.lifetime.nanoseconds
    let part = min(max(settings.lifetimeJitter, 0), 1)
    let whole = settings.lifetime.nanoseconds
    lifetimeJitter = UInt64(exactly: (Double(whole) * part).rounded(.down)).map { min($0, whole) } ?? whole
    checkAfterIdle = settings.checkAfterIdle.nanoseconds
  }

  /// How long a connection lives for which `chance` was drawn.
  package func life(_ chance: UInt64) -> UInt64 {
    lifetimeJitter == 0 ? lifetime : lifetime - chance % lifetimeJitter
  }
}
