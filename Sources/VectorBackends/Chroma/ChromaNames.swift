import Support

/// How ids and metadata keys of ours stand in Chroma, which has no namespaces and keeps some names for itself.
///
/// Records of the default namespace keep their id, so that collections made by others can be read. Those of a named one get it
/// in front of their id, and two fields to filter by. What would be mistaken for one of these is written in the same way.
enum ChromaNames {
  /// The namespace of a record that has one.
  static let namespaceKey = "_vdb_ns"
  /// true in every record of a named namespace: the others are those where it is not true.
  static let namedKey = "_vdb_named"

  private static let idMark = Array("_vdb:".utf8)
  private static let keyMark = Array("_vdb_k:".utf8)

  /// The id under which a record is stored: `_vdb:<bytes of the namespace>:<namespace>:<id>`, the bare id in the default one.
  static func storedID(_ id: UnsafeRawBufferPointer, in namespace: ByteString) -> ByteString {
    if namespace.isEmpty, !id.starts(with: idMark) { return ByteString(id) }
    var bytes = idMark
    bytes.reserveCapacity(idMark.count + 5 + namespace.count + id.count)
    bytes += Array("\(namespace.count):".utf8)
    bytes += namespace.bytes
    bytes.append(0x3A)
    bytes += id
    return ByteString(bytes)
  }

  /// Namespace and id of a stored id. One that only looks like ours is an id of the default namespace.
  static func parts(ofStored stored: ByteString) -> (namespace: ByteString, id: ByteString) {
    let bytes = stored.bytes
    let bare = (ByteString([]), stored)
    guard bytes.starts(with: idMark) else { return bare }
    let digits = bytes[idMark.count...].prefix { $0 != 0x3A }
    guard digits.count <= 3, let length = Int(String(decoding: digits, as: UTF8.self)) else { return bare }
    let start = digits.endIndex + 1
    let end = start + length
    guard end < bytes.count, bytes[end] == 0x3A else { return bare }
    return (ByteString(Array(bytes[start..<end])), ByteString(Array(bytes[(end + 1)...])))
  }

  /// The key under which a metadata key is stored: Chroma refuses those that begin with "#" and hides its own, "chroma:…".
  static func storedKey(_ key: UnsafeRawBufferPointer) -> ByteString {
    guard key.first == 0x23 || key.starts(with: "chroma:".utf8) else { return ByteString(key) }
    return ByteString(keyMark + key)
  }

  /// The metadata key of a stored one; nil for a field of ours.
  static func key(ofStored stored: ByteString) -> ByteString? {
    let bytes = stored.bytes
    if bytes.starts(with: keyMark) { return ByteString(Array(bytes[keyMark.count...])) }
    return bytes.starts(with: "_vdb".utf8) ? nil : stored
  }
}

extension ChromaNames {
  /// Whether a stored key is metadata of the record, so that replacing the record has to take it away. Those of its namespace are
  /// written anew each time.
  static func isFieldOfRecord(_ stored: ByteString) -> Bool { key(ofStored: stored) != nil }
}
