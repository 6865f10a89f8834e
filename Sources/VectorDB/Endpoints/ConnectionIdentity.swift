import Support

/// What makes a connection usable for one database and not for another: backend, address, user, credential, TLS, and the
/// settings of what is shared with it.
///
/// Two are equal only when every field is, byte by byte; it is kept whole, not as a hash, since a collision would lend one
/// user's connections to another. It holds secrets: it is compared, and never told, logged or written.
struct ConnectionIdentity: Hashable, Sendable {
  private var fields: [Field: ByteString] = [:]

  enum Field: String, CaseIterable, Sendable {
    case backend, scheme, host, port, database, tenant, user, credential, tls, proxy, settings
  }

  init(backend: BackendKind) { fields[.backend] = ByteString(backend.rawValue) }

  /// An absent field and an empty one are two things.
  subscript(field: Field) -> ByteString? {
    get { fields[field] }
    set { fields[field] = newValue }
  }

  /// Everything in one text, each field behind its name and length, so that no two identities give the same.
  var bytes: ByteString {
    var bytes: [UInt8] = []
    for field in Field.allCases {
      guard let value = fields[field] else { continue }
      bytes.append(contentsOf: "\(field.rawValue):\(value.bytes.count):".utf8)
      bytes.append(contentsOf: value.bytes)
    }
    return ByteString(bytes)
  }
}
