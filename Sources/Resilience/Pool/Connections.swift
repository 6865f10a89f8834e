import Support

/// Where an attempt gets its connection: a pool, or nothing at all for a backend inside the process.
package protocol Connections: AnyObject, Sendable {
  associatedtype Connection: AnyObject

  /// A `Connection` of the caller's own until `giveBack`. Waits at most for the pool's wait and the context's deadline.
  ///
  /// `fresh` asks for one that has just been opened: a connection of the pool turned out dead, and the others lay idle just
  /// as long.
  func lease(_ context: CallContext, fresh: Bool) throws(LeaseFailure) -> Lease

  /// Ends a lease. A connection whose last attempt broke it, or left it in an unknown state, is not `reusable`.
  func giveBack(_ lease: Lease, reusable: Bool)

  /// What the pool holds and did; nil where there is none.
  var poolStats: PoolStats? { get }
}

/// One connection, lent. Without its type, which only the code of the backend knows: with it every request would look it up.
package struct Lease {
  package let connection: AnyObject
  /// Whether it served before: an attempt that finds it dead may open another one, free of charge.
  package let isReused: Bool
  /// The pool's own number of the lease; 0 without a pool.
  package let number: UInt64

  package init(connection: AnyObject, isReused: Bool, number: UInt64) {
    self.connection = connection
    self.isReused = isReused
    self.number = number
  }
}

/// Why no connection could be had.
package enum LeaseFailure: Error {
  /// None became free in time, and no more may be opened.
  case poolTimeout
  /// The pool was drained for closing.
  case closed
  case deadlineExceeded
  case cancelled
  /// Opening one failed: an attempt that failed.
  case openFailed(AttemptFailure)
}

/// Opens and ends connections of one kind; implemented by transports.
package protocol ConnectionFactory: AnyObject, Sendable {
  associatedtype Connection: AnyObject

  /// Connects and authenticates within the context.
  func open(_ context: CallContext) throws(AttemptFailure) -> Connection
  /// Whether a connection that lay idle still works. Must not wait on the network.
  func check(_ connection: Connection) -> Bool
  /// Ends it politely. Must not wait on the network.
  func close(_ connection: Connection)
  /// In a forked child: closes the descriptor alone, without a word to the peer, whose session belongs to the parent.
  func abandon(_ connection: Connection)
}

/// For backends inside the process: every lease is granted at once.
package final class NoConnections: Connections {
  package typealias Connection = NoConnections

  package init() {}

  package func lease(_ context: CallContext, fresh: Bool) throws(LeaseFailure) -> Lease {
    Lease(connection: self, isReused: false, number: 0)
  }

  package func giveBack(_ lease: Lease, reusable: Bool) {}
}

extension Connections {
  package var poolStats: PoolStats? { nil }
}
