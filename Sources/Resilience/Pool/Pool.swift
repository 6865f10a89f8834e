import Support

/// Connections of one kind, lent one at a time: at most so many, kept while they are useful, fair to those who wait.
package final class Pool<Factory: ConnectionFactory>: Connections {
  package typealias Connection = Factory.Connection

  private let core: PoolCore

  package init(
    _ factory: Factory, _ settings: PoolSettings, _ environment: any Environment, events: (any EventSink)? = nil
  ) {
    core = PoolCore(factory, settings, environment, events: events)
  }

  package func lease(_ context: CallContext, fresh: Bool = false) throws(LeaseFailure) -> Lease {
    try core.lease(context, fresh: fresh)
  }

  package func giveBack(_ lease: Lease, reusable: Bool) { core.giveBack(lease, reusable: reusable) }

  /// Ends connections that were idle or alive for too long.
  package func closeExpired() { core.closeExpired() }

  /// Grants no further lease, sends everybody away who waits, closes what is idle. Leased connections are closed when they
  /// come back. Does not wait for them. May be called again.
  package func close() { core.close() }

  package var poolStats: PoolStats? { stats }

  package var stats: PoolStats { core.stats }
}
