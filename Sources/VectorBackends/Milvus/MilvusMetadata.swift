import Support
import VectorModel

/// Metadata as it lies in the JSON field: the record's own, and under reserved keys what a server cannot tell by itself.
struct MilvusMetadata {
  /// Names of the keys whose values are bools, for servers to which true is 1.
  static let boolsKey = "_vdb_bools"
  /// The namespace, in partitions whose name is a digest.
  static let namespaceKey = "_vdb_ns"
  private static let reserved = Array("_vdb".utf8)

  let listsBools: Bool
  /// nil where the partition tells it.
  let namespace: ByteString?

  /// Appends a record's metadata, in the form of `MetadataEncoding`, as a JSON object; false when out of memory.
  func append(_ entry: UnsafeRawBufferPointer, to output: ColumnBuffer<UInt8>) -> Bool {
    guard MetadataEncoding.appendJSON(entry, to: output) else { return false }
    var bools: [UnsafeRawBufferPointer] = []
    if listsBools {
      for field in MetadataEncoding.fields(of: entry) {
        if case .bool = field.value { bools.append(field.key) }
      }
    }
    if bools.isEmpty, namespace == nil { return true }
    // Behind the last member.
    output.truncate(to: output.count - 1)
    if !entry.isEmpty, !output.append(UInt8(ascii: ",")) { return false }
    var json = JSONWriter(output)
    if !bools.isEmpty {
      json.key(Self.boolsKey)
      json.beginArray()
      for key in bools { json.string(key) }
      json.endArray()
    }
    if let namespace {
      json.key(Self.namespaceKey)
      json.string(namespace)
    }
    json.endObject()
    return !json.failed
  }

  /// Appends the part of a stored document that is the record's own, as a JSON object. No document is an empty one.
  ///
  /// Errors: `protocolViolation` for what is no JSON object, `outOfMemory`.
  static func appendVisible(_ document: UnsafeRawBufferPointer, to output: ColumnBuffer<UInt8>) throws(VectorError) {
    if document.isEmpty {
      guard output.append(UInt8(ascii: "{")), output.append(UInt8(ascii: "}")) else { throw .resultOutOfMemory }
      return
    }
    // A server hands out what it was given; only what has our own keys is written anew.
    let isPlain = reserved.withUnsafeBytes { MilvusPlainDocument.isPlain(document, withoutKeysOn: $0) }
    if isPlain {
      guard output.append(bytes: document) else { throw .resultOutOfMemory }
      return
    }
    let root = try read(document).root
    guard root.members.contains(where: { $0.key.bytes.starts(with: reserved) }) else {
      guard output.append(bytes: document) else { throw .resultOutOfMemory }
      return
    }
    var json = JSONWriter(output)
    json.beginObject()
    for (key, value) in root.members where !key.bytes.starts(with: reserved) {
      key.bytes.withUnsafeBytes { json.key($0) }
      json.value(value)
    }
    json.endObject()
    if json.failed { throw .resultOutOfMemory }
  }

  /// The namespace that a stored document names.
  static func namespace(of document: UnsafeRawBufferPointer) throws(VectorError) -> ByteString? {
    document.isEmpty ? nil : try read(document).root[ByteString(namespaceKey)]?.string
  }

  private static func read(_ document: UnsafeRawBufferPointer) throws(VectorError) -> JSONDocument {
    let json: JSONDocument
    do { json = try JSONDocument(document, what: "metadata that Milvus sent", limits: .protocolViolation) } catch {
      throw error.status == .outOfMemory ? error : VectorError(.protocolViolation, error.message)
    }
    guard json.root.kind == .object else {
      throw VectorError(.protocolViolation, "metadata that Milvus sent is \(json.root.kindName), expected an object")
    }
    return json
  }
}

extension JSONWriter {
  /// Writes a value of another document. Documents are nested 64 levels at most, so recursion is safe.
  fileprivate mutating func value(_ value: JSONValue) {
    switch value.kind {
    case .null: null()
    case .bool: bool(value.bool ?? false)
    case .integer: integer(value.integer ?? 0)
    case .number: number(value.double ?? 0)
    case .string: if let string = value.string { self.string(string) }
    case .array:
      beginArray()
      for element in value.elements { self.value(element) }
      endArray()
    case .object:
      beginObject()
      for (key, member) in value.members {
        key.bytes.withUnsafeBytes { self.key($0) }
        self.value(member)
      }
      endObject()
    }
  }
}
