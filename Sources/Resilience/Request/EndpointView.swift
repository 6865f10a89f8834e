import Support

/// An endpoint as those see it who watch and steer it, whatever its connections are.
package protocol EndpointView: AnyObject, Sendable {
  var breakers: CircuitBreakers { get }
  var budget: RetryBudget { get }
  var counters: AttemptCounters { get }
  /// Where the asynchronous calls of its databases run.
  var lane: Lane { get }
  /// Nil without a pool.
  var poolStats: PoolStats? { get }
}

extension Endpoint: EndpointView {
  package var poolStats: PoolStats? { connections.poolStats }
}
