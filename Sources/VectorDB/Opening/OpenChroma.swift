import Resilience
import Support
import VectorBackends
import VectorModel

/// Why backend "chroma" cannot be opened here, or nil when it can.
func openChromaReason() -> String? {
  do throws(VectorError) { try loadCurl() } catch { return error.message }
  return nil
}

/// A collection of a Chroma server. Connections are shared with every database that reaches the same server in the same way.
func openChroma(_ opening: BackendOpening) throws(VectorError) -> OpenedBackend {
  var settings = try ChromaOptions.settings(opening.remote)
  settings.endpoint.connectTimeout = opening.options.resilience.pool.connectTimeout.nanoseconds
  let factory = try HTTPConnectionFactory(settings.endpoint)
  let endpoint = opening.endpoint(identity(of: settings)) { factory }
  return OpenedBackend(
    backend: ChromaBackend(settings, opening.executor(endpoint)), endpoint: endpoint,
    exposed: PlainTextCredential(settings.endpoint, hasCredential: settings.authorization != nil))
}

private func identity(of settings: ChromaSettings) -> ConnectionIdentity {
  var identity = ConnectionIdentity(backend: .chroma)
  identity.setHTTP(settings.endpoint)
  identity[.tenant] = ByteString(settings.tenant)
  identity[.database] = ByteString(settings.database)
  if let authorization = settings.authorization {
    identity[.credential] = ByteString("\(authorization.name):\(authorization.value)")
  }
  return identity
}
