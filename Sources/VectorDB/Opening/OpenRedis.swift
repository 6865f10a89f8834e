import Resilience
import Support
import VectorBackends
import VectorModel

/// Why backend "redis" cannot be opened here, or nil when it can: all it needs is part of the library. TLS needs libcurl, and is
/// refused where that is missing.
func openRedisReason() -> String? { nil }

func openRedis(_ opening: BackendOpening) throws(VectorError) -> OpenedBackend {
  let options = try RedisOptions(opening.remote, fields: opening.options.fields)
  let server = options.server
  if server.tls != nil { try RedisConnectionFactory.loadTLS() }
  var identity = ConnectionIdentity(backend: .redis)
  var exposed: PlainTextCredential?
  switch server.place {
  case .tcp(let host, let port):
    identity[.host] = ByteString(host)
    identity[.port] = ByteString("\(port)")
    exposed = PlainTextCredential(to: host, isEncrypted: server.tls != nil, hasCredential: server.password != nil)
  case .local(let path): identity[.scheme] = ByteString("unix:\(path)")
  }
  identity[.user] = server.user.map { ByteString($0) }
  identity[.credential] = server.password.map { ByteString($0) }
  identity[.tls] = server.tls.map { ByteString("\($0.verifies) \($0.caFile ?? "")") }
  let endpoint = opening.endpoint(identity) { RedisConnectionFactory(server) }
  let backend = RedisBackend(options.settings, opening.executor(endpoint))
  return OpenedBackend(backend: backend, endpoint: endpoint, exposed: exposed)
}
