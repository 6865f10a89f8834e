import Support

/// What all databases of one connection identity share: connections, breakers, budget, limits, counters.
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

  package init(
    identity: ByteString, connections: C, breaker: CircuitBreakerSettings = .init(),
    budget: RetryBudgetSettings = .init(),
    limiter: (any Admission)? = nil, bulkhead: (any Admission)? = nil, environment: any Environment
  ) {
    self.identity = identity
    self.connections = connections
    breakers = CircuitBreakers(breaker, environment)
    self.budget = RetryBudget(budget)
    self.limiter = limiter
    self.bulkhead = bulkhead
    self.environment = environment
  }
}
