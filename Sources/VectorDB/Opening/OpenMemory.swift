import Resilience
import Support
import VectorBackends
import VectorModel

/// A memory backend of its own with a request layer of its own: nothing of it is shared with another database.
func openMemory(
  name: ByteString, options: DatabaseOptions, events: DatabaseEvents
) -> (backend: MemoryBackend, endpoint: any EndpointView) {
  let environment = SystemEnvironment.shared
  let settings = options.resilience
  let endpoint = Endpoint(
    identity: name, connections: NoConnections(), breaker: settings.breaker, budget: settings.budget,
    limiter: RateLimiter(settings.rateLimit, environment), bulkhead: Bulkhead(settings.bulkhead, environment),
    environment: environment)
  let executor = RequestExecutor(
    endpoint, retry: settings.retry, timeouts: settings.timeouts ?? .none,
    faults: settings.faults.map { FaultInjector($0, environment) }, events: events)
  let backend = MemoryBackend(
    dimensions: options.dimensions, metric: options.metric, threads: options.threads, name: name,
    requests: LocalRequests(executor))
  return (backend, endpoint)
}

extension AttemptTimeouts {
  /// A scan in this process cannot hang: only the call's own deadline ends it.
  fileprivate static var none: AttemptTimeouts {
    var timeouts = AttemptTimeouts()
    timeouts.read = .seconds(1 << 30)
    timeouts.write = .seconds(1 << 30)
    return timeouts
  }
}
