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
  /// Before a key that Chroma would not take, or hide.
  private static let keyMark = Array("_vdb_k:".utf8)
  /// Before the key of a list, whose field holds the list as JSON.
  private static let listMark = Array("_vdb_l:".utf8)
  /// Before the length of a key, the key and an item of its list: the field is true.
  private static let itemMark = Array("_vdb_i:".utf8)

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
    withBytes(of: stored) { bytes in
      let parts = parts(ofStored: bytes)
      return (ByteString(parts.namespace), ByteString(parts.id))
    }
  }

  /// The same as places in the bytes of the stored id.
  static func parts(
    ofStored bytes: UnsafeRawBufferPointer
  ) -> (namespace: UnsafeRawBufferPointer, id: UnsafeRawBufferPointer) {
    let bare = (UnsafeRawBufferPointer(rebasing: bytes[..<0]), bytes)
    guard bytes.first == 0x5F, bytes.starts(with: idMark) else { return bare }
    guard let namespace = counted(in: bytes, from: idMark.count), bytes[namespace.upperBound] == 0x3A else {
      return bare
    }
    return (
      UnsafeRawBufferPointer(rebasing: bytes[namespace]),
      UnsafeRawBufferPointer(rebasing: bytes[(namespace.upperBound + 1)...])
    )
  }

  /// Where bytes lie whose number stands at `start`, with a colon between and one byte more behind them; nil for what others
  /// may have written there.
  private static func counted(in bytes: UnsafeRawBufferPointer, from start: Int) -> Range<Int>? {
    let digits = bytes[start...].prefix { $0 != 0x3A }
    guard digits.count <= 3, let count = UInt16(String(decoding: digits, as: UTF8.self)) else { return nil }
    let first = digits.endIndex + 1
    return first + Int(count) < bytes.count ? first..<(first + Int(count)) : nil
  }

  /// The key under which a metadata key is stored: Chroma refuses those that begin with "#" and hides its own, "chroma:…".
  static func storedKey(_ key: UnsafeRawBufferPointer) -> ByteString {
    isStoredAsItIs(key) ? ByteString(key) : ByteString(keyMark + key)
  }

  /// Whether a metadata key is its own stored key.
  static func isStoredAsItIs(_ key: UnsafeRawBufferPointer) -> Bool {
    key.first != 0x23 && (key.first != 0x63 || !key.starts(with: "chroma:".utf8))
  }

  /// The key under which a list is stored as JSON.
  static func listKey(_ key: UnsafeRawBufferPointer) -> ByteString { ByteString(listMark + key) }

  /// The key that says that a list holds an item.
  static func itemKey(_ key: UnsafeRawBufferPointer, _ item: UnsafeRawBufferPointer) -> ByteString {
    var bytes = itemMark
    bytes += Array("\(key.count):".utf8)
    bytes += key
    bytes.append(0x3A)
    bytes += item
    return ByteString(bytes)
  }

  /// Whether a stored key has one of our marks: any other is the metadata key itself.
  static func isMarked(_ stored: UnsafeRawBufferPointer) -> Bool {
    stored.first == 0x5F && stored.starts(with: "_vdb".utf8)
  }

  /// What a stored key stands for.
  enum Meaning {
    case value(ByteString)
    case list(ByteString)
    /// One item of the list at a key.
    case item(ByteString)
    /// Nothing of the record's own.
    case other
  }

  static func meaning(ofStored stored: ByteString) -> Meaning {
    guard withBytes(of: stored, { isMarked($0) }) else { return .value(stored) }
    let bytes = stored.bytes
    if bytes.starts(with: keyMark) { return .value(ByteString(Array(bytes[keyMark.count...]))) }
    if bytes.starts(with: listMark) { return .list(ByteString(Array(bytes[listMark.count...]))) }
    guard bytes.starts(with: itemMark), let key = withBytes(of: stored, { counted(in: $0, from: itemMark.count) })
    else { return .other }
    return .item(ByteString(Array(bytes[key])))
  }

  /// The metadata key that a stored field belongs to; nil for those of the namespace, which are written anew each time.
  static func key(ofStored stored: ByteString) -> ByteString? {
    switch meaning(ofStored: stored) {
    case .value(let key), .list(let key), .item(let key): key
    case .other: nil
    }
  }
}

/// How lists of strings are stored.
enum ChromaLists: Sendable {
  /// As Chroma's own lists: in collections that other programs made.
  case native
  /// As a field for the list and one for each item: in collections of ours. The server (1.5.9) leaves lists of its own behind
  /// when a collection is dropped, and shows them in records of others that are written later. Those are not looked at here.
  case fields
}
