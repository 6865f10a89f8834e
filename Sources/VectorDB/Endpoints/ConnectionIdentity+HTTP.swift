import Support
import VectorBackends

extension ConnectionIdentity {
  /// What of an HTTP endpoint keeps its connections from serving another one.
  mutating func setHTTP(_ endpoint: HTTPEndpoint) {
    self[.scheme] = ByteString(endpoint.scheme.rawValue)
    self[.host] = ByteString(endpoint.host)
    self[.port] = ByteString("\(endpoint.port)\(endpoint.basePath)")
    self[.tls] = ByteString("\(endpoint.verifiesTLS) \(endpoint.caFile ?? "")")
    self[.proxy] = endpoint.proxy.map { ByteString($0) }
  }
}
