import Resilience
import Support
import VectorBackends
import VectorModel

/// Why backend "milvus" cannot be opened here, or nil when it can.
func openMilvusReason() -> String? {
  do throws(VectorError) {
    try loadCurl()
    return nil
  } catch { return error.message }
}

/// A collection of Milvus. Connections are shared by all databases of the same server and credentials, whatever their collection.
func openMilvus(_ opening: BackendOpening) throws(VectorError) -> OpenedBackend {
  var parsed = try MilvusOptions(opening.remote)
  parsed.endpoint.connectTimeout = opening.options.resilience.pool.connectTimeout.nanoseconds
  let http = parsed.endpoint
  var identity = ConnectionIdentity(backend: .milvus)
  identity[.scheme] = ByteString(http.scheme.rawValue)
  identity[.host] = ByteString(http.host)
  identity[.port] = ByteString("\(http.port)")
  identity[.credential] = parsed.settings.authorization.map { ByteString($0) }
  identity[.tls] = ByteString("\(http.verifiesTLS) \(http.caFile ?? "")")
  identity[.proxy] = http.proxy.map { ByteString($0) }
  let factory = try HTTPConnectionFactory(http)
  let endpoint = opening.endpoint(identity) { factory }
  let backend = MilvusBackend(parsed.settings, opening.executor(endpoint))
  return OpenedBackend(
    backend: backend, endpoint: endpoint,
    exposed: PlainTextCredential(http, hasCredential: parsed.settings.authorization != nil))
}
