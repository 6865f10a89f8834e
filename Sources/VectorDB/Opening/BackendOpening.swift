import Resilience
import Support
import VectorBackends
import VectorModel

/// What a backend is made of while a database is opened: its options, and the request layer it sends through.
struct BackendOpening {
  /// Of the database.
  let name: ByteString
  let options: DatabaseOptions
  let remote: RemoteOptions
  let events: DatabaseEvents

  /// The endpoint of a connection identity, shared with every other database of the same identity and the same settings of what
  /// is shared. Does not connect.
  ///
  /// A database with injected faults has one of its own: a rehearsal must not open the breakers of the others.
  func endpoint<Factory: ConnectionFactory>(
    _ identity: ConnectionIdentity, _ makeFactory: () -> Factory
  ) -> Endpoint<Pool<Factory>> {
    let settings = options.resilience
    var identity = identity
    identity[.settings] = settings.sharedText
    let environment = SystemEnvironment.shared
    func make() -> Endpoint<Pool<Factory>> {
      let connections = Pool(
        makeFactory(), settings.pool, environment, events: DatabaseEvents(name: nil, backend: options.backend))
      return Endpoint(
        identity: identity.bytes, connections: connections, breaker: settings.breaker, budget: settings.budget,
        limiter: RateLimiter(settings.rateLimit, environment), bulkhead: Bulkhead(settings.bulkhead, environment),
        environment: environment)
    }
    let endpoint = settings.faults == nil ? EndpointRegistry.shared.endpoint(identity, make: make) : make()
    IdleConnections.shared.watch(endpoint.connections)
    return endpoint
  }

  /// Sends the requests of this database alone.
  func executor<C: Connections>(_ endpoint: Endpoint<C>) -> RequestExecutor<C> {
    let settings = options.resilience
    return RequestExecutor(
      endpoint, retry: settings.retry, timeouts: options.attemptTimeouts,
      faults: settings.faults.map { FaultInjector($0, endpoint.environment) }, events: events)
  }
}

/// A backend ready to be opened, and the endpoint it sends to.
struct OpenedBackend {
  let backend: any VectorBackend
  let endpoint: any EndpointView
  /// nil: what it sends as a credential is safe on its way.
  var exposed: PlainTextCredential?
}

/// Makes the backend that the options name. Connects nowhere.
func makeBackend(_ opening: BackendOpening) throws(VectorError) -> OpenedBackend {
  switch opening.options.backend {
  case .memory: return try openMemory(opening)
  case .chroma: return try openChroma(opening)
  case .milvus: return try openMilvus(opening)
  case .pgvector: return try openPgvector(opening)
  case .redis: return try openRedis(opening)
  case .file, .pinecone, .weaviate, .qdrant, .azure:
    throw VectorError(.unsupported, opening.options.backend.absenceReason ?? "")
  }
}
