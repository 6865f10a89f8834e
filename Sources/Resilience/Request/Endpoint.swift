import Support

/// What all databases of one connection identity share: connections, breakers, budget, limits, counters, and the threads of
/// asynchronous calls.
package final class Endpoint<C: Connections>: Sendable {
  /// What tells endpoints apart: everything that makes a connection usable for one and not for the other.
  package let identity: ByteString
  package let connections: C
  package let breakers: CircuitBreakers
  package let budget: RetryBudget
  /// Passed in this order, limiter first.
  package let limiter: (any Admission)?
  package let bulkhead: (any Admission)?
  package let counters = AttemptCounters()
  package let environment: any Environment
  /// As many threads as there are connections: a backend that hangs keeps its own and nobody else's.
  package let lane: Lane

  /// - Parameter lane: the settings of the lane; a pool's own limit counts before theirs.
  package init(
    identity: ByteString, connections: C, breaker: CircuitBreakerSettings = .init(),
    budget: RetryBudgetSettings = .init(),
    limiter: (any Admission)? = nil, bulkhead: (any Admission)? = nil, lane: LaneSettings = .init(),
    environment: any Environment
  ) {
    self.identity = identity
    self.connections = connections
    breakers = CircuitBreakers(breaker, environment)
    self.budget = RetryBudget(budget)
    self.limiter = limiter
    self.bulkhead = bulkhead
    self.environment = environment
    var lane = lane
    if let limit = connections.poolStats?.hardLimit { lane.threads = limit }
    self.lane = Lane(lane, environment)
  }

  deinit { lane.close() }
}
