import Support

/// Where a Redis server listens and how it lets one in.
package struct RedisServer: Sendable {
  /// How a connection reaches it.
  package enum Place: Sendable, Equatable {
    case tcp(host: String, port: Int)
    /// A socket in the file system.
    case local(path: String)
  }

  /// What a TLS connection trusts.
  package struct TLS: Sendable, Equatable {
    /// A file of certificates in PEM; nil = those of the system.
    package var caFile: String?
    /// Whether the server's certificate and name are verified.
    package var verifies: Bool

    package init(caFile: String? = nil, verifies: Bool = true) {
      self.caFile = caFile
      self.verifies = verifies
    }
  }

  package var place: Place
  /// nil = no TLS.
  package var tls: TLS?
  /// nil = the server's default user.
  package var user: String?
  /// nil = nobody is asked to authenticate.
  package var password: String?
  /// Longest reply that is taken, in bytes, default 256 MiB; and its values, default 16 million.
  package var maxReplyBytes = 256 << 20
  package var maxReplyValues: UInt32 = 1 << 24

  package init(_ place: Place, tls: TLS? = nil, user: String? = nil, password: String? = nil) {
    self.place = place
    self.tls = tls
    self.user = user
    self.password = password
  }

  /// As messages name it.
  package var name: String {
    switch place {
    case .tcp(let host, let port): host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .local(let path): path
    }
  }
}
