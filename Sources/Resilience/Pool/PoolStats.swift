/// What a pool holds and did since it was made. Numbers belong together: they were read at one moment.
package struct PoolStats: Sendable, Equatable {
  package var hardLimit = 0
  package var softLimit = 0
  /// Connections now.
  package var idle = 0
  package var leased = 0
  package var opening = 0
  /// Callers that wait for one now.
  package var waiting = 0

  /// Leases granted.
  package var leases: UInt64 = 0
  /// Connections opened, and those of them that ended.
  package var opened: UInt64 = 0
  package var ended: UInt64 = 0
  package var openFailures: UInt64 = 0
  /// Connections that were found dead when they were checked.
  package var checkFailures: UInt64 = 0
  /// Leases that had to wait, what all those waits took, and the waits that ended without one.
  package var waits: UInt64 = 0
  package var waitNanoseconds: UInt64 = 0
  package var timeouts: UInt64 = 0
}
