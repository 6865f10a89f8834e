import CSupport
import Support

extension MetadataBatch {
  /// Reads a JSON array with one element a record, an object or null.
  ///
  /// null and [] mean that the key is absent; with `patches` (for merging) they are kept and remove the key. Throws
  /// `invalidUTF8`, `invalidJSON`, `invalidMetadata`, `tooLarge` (a record above 1 MiB in its stored form, or 8 MiB of text)
  /// with the record's index where there is one; `outOfMemory`, `cancelled`, `timeout`. Reads one record at a time: O(text).
  package static func parse(
    json: UnsafeRawBufferPointer, count: Int, patches: Bool, context: CallContext = .unbounded
  ) throws(VectorError) -> MetadataBatch {
    var parser = MetadataParser(keepsRemovals: patches, pace: Pace(context))
    defer { parser.destroy() }
    try parser.load(json)
    let ends = ColumnBuffer<Int>()
    while try parser.readRecord(index: ends.count, count: count) {
      guard ends.append(parser.output.count) else { throw MetadataEncoding.outOfMemory }
    }
    guard ends.count == count else {
      throw VectorError(.invalidMetadata, "metadata has \(ends.count) elements for \(count) records")
    }
    return MetadataBatch(count: count, bytes: parser.output, ends: ends, mayHoldNUL: holdsEscapedNUL(json))
  }
}

/// Whether a string of valid JSON has a NUL character, which stands there as an escape only.
private func holdsEscapedNUL(_ json: UnsafeRawBufferPointer) -> Bool {
  guard var at = json.baseAddress else { return false }
  let end = at + json.count
  while let backslash = vdb_find_byte(at, 0x5C, end - at) {
    let escape = UnsafeRawBufferPointer(start: backslash + 1, count: end - backslash - 1)
    if escape.starts(with: "u0000".utf8) { return true }
    at = backslash + min(2, end - backslash)
  }
  return false
}

/// Turns one JSON object after the other into encoded metadata.
private struct MetadataParser {
  let output = ColumnBuffer<UInt8>()
  private var reader = vdb_json_reader()
  private let keepsRemovals: Bool
  private var pace: Pace

  /// Each value takes at least two bytes of text, so a record near its limit stays below this.
  private static let maxNodes: UInt32 = 1 << 20

  init(keepsRemovals: Bool, pace: Pace) {
    self.keepsRemovals = keepsRemovals
    self.pace = pace
  }

  /// Takes the text in, piece by piece.
  mutating func load(_ json: UnsafeRawBufferPointer) throws(VectorError) {
    try checkUTF8(json, what: "metadata", pace: &pace)
    var status = vdb_json_reserve(&reader, json.count, Self.maxNodes)
    var at = 0
    while status == VDB_JSON_OK, at < json.count {
      let piece = UnsafeRawBufferPointer(rebasing: json[at..<min(at + (1 << 16), json.count)])
      try pace.spend(bytes: piece.count / 2)
      status = vdb_json_append(&reader, piece.baseAddress, piece.count)
      at += piece.count
    }
    guard status == VDB_JSON_OK else { throw jsonError(status, reader, what: "metadata", limits: .tooLarge) }
  }

  mutating func destroy() { vdb_json_destroy(&reader) }

  /// Reads the next record and appends its entry; false at the end of the array.
  mutating func readRecord(index: Int, count: Int) throws(VectorError) -> Bool {
    let before = reader.position
    let status = vdb_json_next(&reader)
    try pace.spend(bytes: 20 + 2 * (reader.position - before))
    if status == VDB_JSON_END { return false }
    guard status == VDB_JSON_OK, let nodes = reader.nodes else {
      if status == VDB_JSON_TOO_LARGE {
        throw VectorError(
          .tooLarge, "the text of metadata of record \(index) is longer than \(VDB_JSON_MAX_ELEMENT >> 20) MiB",
          index: index)
      }
      let limits: Status = status == VDB_JSON_NUMBER_RANGE ? .invalidMetadata : .tooLarge
      var error = jsonError(status, reader, what: "metadata of record \(index)", limits: limits)
      error.index = index
      throw error
    }
    guard index < count else {
      throw VectorError(.invalidMetadata, "metadata has more elements than the \(count) records")
    }
    if nodes[0].kind == VDB_JSON_KIND_NULL { return true }
    guard nodes[0].kind == VDB_JSON_KIND_OBJECT else {
      throw VectorError(
        .invalidMetadata, "metadata of record \(index) is \(kindName(nodes[0])): expected an object or null",
        index: index)
    }
    try checkDuplicates(nodes, record: index)
    let start = output.count
    try encode(nodes, record: index)
    if output.count - start > MetadataEncoding.maxBytes {
      throw VectorError(
        .tooLarge,
        "metadata of record \(index) takes \(output.count - start) bytes: at most \(MetadataEncoding.maxBytes)",
        index: index)
    }
    return true
  }

  private func text(_ node: vdb_json_node) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: reader.text + Int(node.string.offset), count: Int(node.string.length))
  }

  private mutating func encode(_ nodes: UnsafeMutablePointer<vdb_json_node>, record: Int) throws(VectorError) {
    // Room for the worst case, so that the loop below only stores: every node costs at most a header and a double beside
    // its text.
    var upperBound = 0
    for index in 0..<Int(reader.count) {
      upperBound += 16 + (nodes[index].kind == VDB_JSON_KIND_STRING ? Int(nodes[index].string.length) : 0)
    }
    let start = output.count
    guard let base = output.extend(by: upperBound) else { throw MetadataEncoding.outOfMemory }
    var cursor = UnsafeMutableRawPointer(base)
    var at = 1
    let end = Int(nodes[0].next)
    while at < end {
      let key = text(nodes[at])
      try check(key: key, record: record)
      let value = nodes[at + 1]
      try pace.spend(bytes: 16 * Int(truncatingIfNeeded: value.next &- UInt32(truncatingIfNeeded: at)))
      try encode(key: key, value, nodes + at + 2, at: &cursor, record: record)
      at = Int(value.next)
    }
    output.truncate(to: start + (cursor - UnsafeMutableRawPointer(base)))
  }

  @inline(__always)
  private func encode(
    key: UnsafeRawBufferPointer, _ value: vdb_json_node, _ children: UnsafeMutablePointer<vdb_json_node>,
    at cursor: inout UnsafeMutableRawPointer, record: Int
  ) throws(VectorError) {
    let header = cursor
    cursor += MetadataEncoding.headerSize
    put(key, at: &cursor)
    let start = cursor
    let tag: UInt8
    switch value.kind {
    case VDB_JSON_KIND_STRING:
      tag = MetadataEncoding.Tag.string
      put(text(value), at: &cursor)
    case VDB_JSON_KIND_INTEGER, VDB_JSON_KIND_NUMBER, VDB_JSON_KIND_BIG_INTEGER:
      if isInexactIntegerNode(value) { throw inexactInteger(value, key: key, record: record) }
      tag = MetadataEncoding.Tag.number
      // Adding 0 turns -0 into 0.
      let number = (value.kind == VDB_JSON_KIND_INTEGER ? Double(value.integer) : value.number) + 0
      cursor.storeBytes(of: number.bitPattern.littleEndian, as: UInt64.self)
      cursor += 8
    case VDB_JSON_KIND_FALSE: tag = MetadataEncoding.Tag.no
    case VDB_JSON_KIND_TRUE: tag = MetadataEncoding.Tag.yes
    case VDB_JSON_KIND_ARRAY where value.count > 0:
      tag = MetadataEncoding.Tag.strings
      for index in 0..<Int(value.count) {
        let item = children[index]
        guard item.kind == VDB_JSON_KIND_STRING else { throw mixedList(item, at: index, key: key, record: record) }
        cursor.storeBytes(of: item.string.length.littleEndian, as: UInt32.self)
        cursor += 4
        put(text(item), at: &cursor)
      }
    case VDB_JSON_KIND_OBJECT: throw nestedObject(key: key, record: record)
    default:
      // null or []
      if !keepsRemovals {
        cursor = header
        return
      }
      tag = MetadataEncoding.Tag.remove
    }
    header.storeBytes(of: UInt8(truncatingIfNeeded: key.count), as: UInt8.self)
    header.storeBytes(of: tag, toByteOffset: 1, as: UInt8.self)
    let length = UInt32(truncatingIfNeeded: cursor - start)
    header.storeBytes(of: length.littleEndian, toByteOffset: 2, as: UInt32.self)
  }

  private func put(_ bytes: UnsafeRawBufferPointer, at cursor: inout UnsafeMutableRawPointer) {
    guard let source = bytes.baseAddress, bytes.count > 0 else { return }
    cursor.copyMemory(from: source, byteCount: bytes.count)
    cursor += bytes.count
  }

  private func check(key: UnsafeRawBufferPointer, record: Int) throws(VectorError) {
    if let problem = metadataKeyProblem(key) {
      throw VectorError(.invalidMetadata, "metadata of record \(record): key \(quoted(key)) \(problem)", index: record)
    }
  }

  private mutating func checkDuplicates(_ nodes: UnsafeMutablePointer<vdb_json_node>, record: Int) throws(VectorError) {
    let end = Int(nodes[0].next)
    if nodes[0].count <= 12 {
      var at = 1
      while at < end {
        let key = text(nodes[at])
        var other = Int(nodes[at + 1].next)
        while other < end {
          if nodes[other].string.length == key.count, compareBytes(text(nodes[other]), key) == 0 {
            throw duplicate(key, record: record)
          }
          other = Int(nodes[other + 1].next)
        }
        at = Int(nodes[at + 1].next)
      }
      return
    }
    guard var table = ByteIndexTable(count: Int(nodes[0].count)) else { throw MetadataEncoding.outOfMemory }
    var at = 1
    while at < end {
      let key = text(nodes[at])
      try pace.spend(10)
      if table.insert(key, index: at, stored: { text(nodes[$0]) }) != nil { throw duplicate(key, record: record) }
      at = Int(nodes[at + 1].next)
    }
  }

  private func duplicate(_ key: UnsafeRawBufferPointer, record: Int) -> VectorError {
    VectorError(.invalidMetadata, "metadata of record \(record) has the key \(quoted(key)) twice", index: record)
  }

  private func inexactInteger(_ value: vdb_json_node, key: UnsafeRawBufferPointer, record: Int) -> VectorError {
    VectorError(
      .invalidMetadata,
      "metadata of record \(record): \(integerText(value)) at key \(quoted(key)) is beyond 2^53: store it as a string",
      index: record)
  }

  private func nestedObject(key: UnsafeRawBufferPointer, record: Int) -> VectorError {
    VectorError(
      .invalidMetadata,
      "metadata of record \(record): key \(quoted(key)) holds an object: expected a string, number, bool or list of strings",
      index: record)
  }

  private func mixedList(
    _ item: vdb_json_node, at place: Int, key: UnsafeRawBufferPointer, record: Int
  ) -> VectorError {
    VectorError(
      .invalidMetadata,
      "metadata of record \(record): item \(place) of the list at key \(quoted(key)) is \(kindName(item)): lists hold strings",
      index: record)
  }
}

/// What is wrong with a metadata key, nil when it is fine: 1 to 255 bytes, not beginning with `$` or `_vdb`.
func metadataKeyProblem(_ key: UnsafeRawBufferPointer) -> String? {
  if key.isEmpty { return "is empty" }
  if key.count > MetadataEncoding.maxKeyLength { return "is longer than \(MetadataEncoding.maxKeyLength) bytes" }
  if key[0] == 0x24 { return "begins with \"$\", which is kept for operators" }
  if key[0] == 0x5F, key.starts(with: "_vdb".utf8) { return "begins with \"_vdb\", which is reserved" }
  return nil
}

private func kindName(_ node: vdb_json_node) -> String {
  switch node.kind {
  case VDB_JSON_KIND_NULL: "null"
  case VDB_JSON_KIND_FALSE, VDB_JSON_KIND_TRUE: "a bool"
  case VDB_JSON_KIND_STRING: "a string"
  case VDB_JSON_KIND_ARRAY: "a list"
  case VDB_JSON_KIND_OBJECT: "an object"
  default: "a number"
  }
}
