import Resilience
import Support

/// Closes connections that lay idle or lived for too long, also those of a database that nobody calls.
///
/// One thread for all pools of the process, while there is one that is used.
final class IdleConnections: @unchecked Sendable {
  static let shared = IdleConnections()

  /// Between two rounds.
  private static let interval = Duration.seconds(15)

  private struct Entry {
    weak var pool: (any ExpiringConnections)?
  }

  private let lock = Lock(.leaf)
  // Under the lock.
  private var entries: [ObjectIdentifier: Entry] = [:]
  private var rounds: PeriodicProbe?

  private init() {}

  /// Looks after a pool from now on, as long as it lives.
  func watch(_ pool: any ExpiringConnections) {
    let rounds = lock.withLock {
      entries[ObjectIdentifier(pool)] = Entry(pool: pool)
      if let rounds = self.rounds { return rounds }
      let rounds = PeriodicProbe(
        interval: Self.interval, timeout: Self.interval, environment: SystemEnvironment.shared
      ) { _ in IdleConnections.shared.closeExpired() }
      self.rounds = rounds
      return rounds
    }
    // A thread that the system refuses is asked for again with the next pool.
    _ = rounds.start()
  }

  /// One round; false when there is nothing left to look after.
  private func closeExpired() -> Bool {
    let pools = lock.withLock { () -> [any ExpiringConnections] in
      entries = entries.filter { $0.value.pool != nil }
      if entries.isEmpty { rounds = nil }
      return entries.values.compactMap(\.pool)
    }
    for pool in pools { pool.closeExpired() }
    return !pools.isEmpty
  }
}

/// A pool, whatever its connections are.
protocol ExpiringConnections: AnyObject, Sendable {
  func closeExpired()
}

extension Pool: ExpiringConnections {}
