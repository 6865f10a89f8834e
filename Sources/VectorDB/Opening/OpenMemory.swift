import Resilience
import Support
import VectorBackends
import VectorModel

/// A memory backend of its own with a request layer of its own: nothing of it is shared with another database.
func openMemory(_ opening: BackendOpening) throws(VectorError) -> OpenedBackend {
  let options = opening.options
  guard let dimensions = options.dimensions else {
    throw VectorError(.invalidOption, "option \"dimensions\" is required to create a memory database")
  }
  guard options.mode != .open else {
    throw VectorError(.notFound, "mode \"open\": a memory database is private to its handle, there is none to open")
  }
  let environment = SystemEnvironment.shared
  let settings = options.resilience
  let endpoint = Endpoint(
    identity: opening.name, connections: NoConnections(), breaker: settings.breaker, budget: settings.budget,
    limiter: RateLimiter(settings.rateLimit, environment), bulkhead: Bulkhead(settings.bulkhead, environment),
    lane: LaneSettings(threads: settings.pool.hardLimit), environment: environment)
  let executor = RequestExecutor(
    endpoint, retry: settings.retry, timeouts: settings.timeouts ?? .none,
    faults: settings.faults.map { FaultInjector($0, environment) }, events: opening.events)
  let backend = MemoryBackend(
    dimensions: dimensions, metric: options.metric ?? .cosine, threads: options.threads, name: opening.name,
    requests: LocalRequests(executor))
  return OpenedBackend(backend: backend, endpoint: endpoint)
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
