import Support

/// How records are named in Redis: prefix and id, and between them the namespace where there is one.
///
/// `prefix id` in the default namespace; `prefix 0x1f length ":" namespace id` in a named one; and so, with a length of 0, for
/// ids that themselves begin with 0x1f. No two records share a key, and every key tells both. Records of an index that others
/// made have no namespaces: their key is prefix and id.
struct RedisKeys: Sendable, Equatable {
  let prefix: ByteString
  let hasNamespaces: Bool

  private static let mark: UInt8 = 0x1f
  private static let standardNamespace = ByteString([])

  /// What stands before an id in its key.
  func start(of namespace: ByteString, id: UnsafeRawBufferPointer) -> ByteString {
    let isMarked = hasNamespaces && (!namespace.isEmpty || id.first == Self.mark)
    return isMarked ? marked(namespace) : prefix
  }

  /// What the keys of all records of a namespace begin with; in the default one others begin so, too.
  func start(of namespace: ByteString) -> ByteString { namespace.isEmpty ? prefix : marked(namespace) }

  private func marked(_ namespace: ByteString) -> ByteString {
    ByteString(prefix.bytes + [Self.mark] + Array("\(namespace.count):".utf8) + namespace.bytes)
  }

  /// Namespace and id of a key; nil for one that this index does not make.
  func parts(of key: UnsafeRawBufferPointer) -> (namespace: UnsafeRawBufferPointer, id: UnsafeRawBufferPointer)? {
    guard key.count > prefix.count else { return nil }
    let start = UnsafeRawBufferPointer(rebasing: key[..<prefix.count])
    guard prefix.bytes.withUnsafeBytes({ compareBytes($0, start) == 0 }) else { return nil }
    let rest = UnsafeRawBufferPointer(rebasing: key[prefix.count...])
    guard hasNamespaces, rest[0] == Self.mark else { return (UnsafeRawBufferPointer(rebasing: rest.prefix(0)), rest) }
    guard let colon = rest.prefix(6).firstIndex(of: UInt8(ascii: ":")), colon > 1 else { return nil }
    var length = 0
    for digit in rest[1..<colon] {
      guard 0x30...0x39 ~= digit else { return nil }
      length = length * 10 + Int(digit - 0x30)
    }
    let id = colon + 1 + length
    guard id < rest.count else { return nil }
    return (
      UnsafeRawBufferPointer(rebasing: rest[colon + 1..<id]), UnsafeRawBufferPointer(rebasing: rest[id...])
    )
  }

  /// The pattern for SCAN that matches every key of a namespace, and perhaps others.
  func pattern(of namespace: ByteString) -> ByteString {
    let special = Array("*?[]\\^-".utf8)
    return ByteString(
      start(of: namespace).bytes.flatMap { special.contains($0) ? [UInt8(ascii: "\\"), $0] : [$0] }
        + [UInt8(ascii: "*")])
  }
}

extension RedisCommands {
  /// The key of a record as an argument.
  mutating func add(_ keys: RedisKeys, _ namespace: ByteString, _ id: UnsafeRawBufferPointer) {
    let start = keys.start(of: namespace, id: id)
    start.bytes.withUnsafeBytes { add($0, id) }
  }
}
