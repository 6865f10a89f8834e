import Resilience
import Support
import VectorBackends
import VectorModel

/// Why backend "pgvector" cannot be opened here, or nil when it can.
func openPgvectorReason() -> String? {
  do throws(VectorError) {
    _ = try Libpq.load()
    return nil
  } catch {
    return error.message
  }
}

func openPgvector(_ opening: BackendOpening) throws(VectorError) -> OpenedBackend {
  let libpq = try Libpq.load()
  let options = try PgvectorOptions(opening.remote, libpq)
  let endpoint = opening.endpoint(ConnectionIdentity(options.server)) {
    PostgresConnectionFactory(options.server, libpq)
  }
  return OpenedBackend(
    backend: PgvectorBackend(options.table, opening.executor(endpoint)), endpoint: endpoint,
    exposed: PlainTextCredential(options.server, hasPassword: options.hasPassword))
}

extension ConnectionIdentity {
  /// Everything libpq is told; what has no field of its own stands with TLS.
  fileprivate init(_ settings: PostgresSettings) {
    self.init(backend: .pgvector)
    let fields: [(Field, String)] = [
      (.host, "host"), (.port, "port"), (.database, "dbname"), (.user, "user"), (.credential, "password"),
    ]
    for (field, keyword) in fields { self[field] = settings[keyword].map { ByteString($0) } }
    let others = settings.parameters.filter { parameter in !fields.contains { $0.1 == parameter.keyword } }
    let texts = others.map { "\($0.keyword)=\($0.value.utf8.count):\($0.value)" }.sorted()
    self[.tls] = ByteString((texts + ["prepared=\(settings.prepared.rawValue)"]).joined(separator: ";"))
  }
}
