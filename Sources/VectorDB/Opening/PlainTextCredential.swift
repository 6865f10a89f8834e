import VectorBackends

/// A credential that goes, or may go, to another machine over a connection without TLS: whoever sits between can read it.
struct PlainTextCredential: Equatable {
  /// Where it goes.
  let host: String

  /// nil where there is nothing to warn of: no credential, an encrypted connection, a server on this machine.
  init?(to host: String, isEncrypted: Bool, hasCredential: Bool) {
    if isEncrypted || !hasCredential || ServerAddress(host: host).isLoopback { return nil }
    self.host = host
  }

  /// The credential of HTTP requests to an endpoint.
  init?(_ endpoint: HTTPEndpoint, hasCredential: Bool) {
    self.init(to: endpoint.host, isEncrypted: endpoint.scheme == .https, hasCredential: hasCredential)
  }

  /// The password of a session of Postgres; of several servers the first that another machine is. The modes of libpq below
  /// `require` leave it to the server, or to whoever poses as it, whether there is TLS.
  init?(_ server: PostgresSettings, hasPassword: Bool) {
    let isEncrypted = ["require", "verify-ca", "verify-full"].contains(server["sslmode"] ?? "prefer")
    let hosts = (server["hostaddr"] ?? server["host"] ?? "").split(separator: ",").map { String($0) }
    // A path, or "@" and a name, is a socket of this machine.
    let remote = hosts.first { !$0.hasPrefix("/") && !$0.hasPrefix("@") && !ServerAddress(host: $0).isLoopback }
    guard let remote else { return nil }
    self.init(to: remote, isEncrypted: isEncrypted, hasCredential: hasPassword)
  }
}
