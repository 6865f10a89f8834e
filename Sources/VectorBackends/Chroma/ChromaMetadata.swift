import Support
import VectorModel

/// Metadata of one record between its encoded form and Chroma's fields.
enum ChromaMetadata {
  /// Appends the metadata of a record as JSON text, without the fields that are ours. Integers keep all their digits; what is no
  /// metadata, which only other programs write, is left out. False when out of memory.
  static func append(_ fields: JSONValue, _ lists: ChromaLists, to output: ColumnBuffer<UInt8>) -> Bool {
    var json = JSONWriter(output)
    json.beginObject()
    for (stored, value) in fields.lentMembers {
      guard ChromaNames.isMarked(stored) else {
        if isMetadata(value, lists) { write(value, of: stored, to: &json) }
        continue
      }
      switch ChromaNames.meaning(ofStored: ByteString(stored)) {
      case .item, .other: continue
      case .list(let key):
        if let list = list(value) { key.bytes.withUnsafeBytes { write(list, of: $0, to: &json) } }
      case .value(let key):
        if isMetadata(value, lists) { key.bytes.withUnsafeBytes { write(value, of: $0, to: &json) } }
      }
    }
    json.endObject()
    return !json.failed
  }

  private static func write(_ value: JSONValue, of key: UnsafeRawBufferPointer, to json: inout JSONWriter) {
    json.key(key)
    guard value.kind == .array else { return write(value, to: &json) }
    json.array { json in for item in value.elements { write(item, to: &json) } }
  }

  /// Writes the fields of a record, and nulls for those of before that are to go.
  static func write(
    _ entry: UnsafeRawBufferPointer, _ lists: ChromaLists, namespace: ByteString, removing old: [ByteString],
    to json: inout JSONWriter
  ) {
    if entry.isEmpty, namespace.isEmpty, old.isEmpty { return json.null() }
    var gone = Set(old)
    json.beginObject()
    for field in MetadataEncoding.fields(of: entry) {
      if case .strings(let items) = field.value, lists == .fields {
        write(items, field.key, to: &json, &gone)
        continue
      }
      if gone.isEmpty, ChromaNames.isStoredAsItIs(field.key) {
        json.key(field.key)
      } else {
        let key = ChromaNames.storedKey(field.key)
        gone.remove(key)
        key.bytes.withUnsafeBytes { json.key($0) }
      }
      switch field.value {
      case .string(let bytes): json.string(bytes)
      case .number(let number): json.number(number)
      case .bool(let bool): json.bool(bool)
      case .strings(let items): json.array { json in for item in items { json.string(item) } }
      case .remove: json.null()
      }
    }
    for key in gone {
      key.bytes.withUnsafeBytes { json.key($0) }
      json.null()
    }
    if !namespace.isEmpty {
      json.field(ChromaNames.namespaceKey, namespace)
      json.field(ChromaNames.namedKey, true)
    }
    json.endObject()
  }

  /// A list as fields: its JSON text, and one field for each different item.
  private static func write(
    _ items: MetadataEncoding.StringList, _ key: UnsafeRawBufferPointer, to json: inout JSONWriter,
    _ gone: inout Set<ByteString>
  ) {
    var text = JSONWriter()
    text.array { text in for item in items { text.string(item) } }
    let listKey = ChromaNames.listKey(key)
    gone.remove(listKey)
    listKey.bytes.withUnsafeBytes { json.key($0) }
    json.string(UnsafeRawBufferPointer(text.output.elements))
    withExtendedLifetime(text.output) {}
    var seen: Set<ByteString> = []
    for item in items {
      let itemKey = ChromaNames.itemKey(key, item)
      guard seen.insert(itemKey).inserted else { continue }
      gone.remove(itemKey)
      itemKey.bytes.withUnsafeBytes { json.key($0) }
      json.bool(true)
    }
  }

  /// Keys of the stored fields that belong to any of the metadata keys of an entry.
  static func fields(of entry: UnsafeRawBufferPointer, among stored: [ByteString]) -> [ByteString] {
    if stored.isEmpty { return [] }
    var keys: Set<ByteString> = []
    for field in MetadataEncoding.fields(of: entry) { keys.insert(ByteString(field.key)) }
    return stored.filter { ChromaNames.key(ofStored: $0).map(keys.contains) ?? false }
  }

  /// The list in the text of a list's field; nil where it is none.
  private static func list(_ value: JSONValue) -> JSONValue? {
    guard let text = value.stringBytes else { return nil }
    guard let root = (try? JSONDocument(text, what: "a list"))?.root, isList(root) else { return nil }
    return root
  }

  private static func isMetadata(_ value: JSONValue, _ lists: ChromaLists) -> Bool {
    switch value.kind {
    case .null, .object: false
    case .array: lists == .native && isList(value)
    default: true
    }
  }

  private static func isList(_ value: JSONValue) -> Bool {
    value.kind == .array && value.count > 0 && value.elements.allSatisfy { $0.kind != .array && $0.kind != .object }
  }

  private static func write(_ value: JSONValue, to json: inout JSONWriter) {
    switch value.kind {
    case .string: if let string = value.stringBytes { json.string(string) }
    case .bool: json.bool(value.bool ?? false)
    case .integer: json.integer(value.integer ?? 0)
    case .number: json.number(value.double ?? 0)
    case .null, .array, .object: json.null()
    }
  }
}
