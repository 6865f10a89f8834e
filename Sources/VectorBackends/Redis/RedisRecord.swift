import Support
import VectorModel

/// Writes records as commands. Counts the columns a batch needs first, so that they exist before the first record does.
///
/// One thread. Looking a field's column up costs a comparison where records have the same keys in the same order.
final class RedisRecordWriter {
  private struct Entry {
    let column: RedisColumn
    let field: ByteString
  }

  private let index: RedisIndex
  private let namespace: ByteString
  private let namespaceTag: ByteString
  private var entries: [Entry] = []
  private var places: [RedisColumn: Int] = [:]
  /// Where the next field is looked for first.
  private var cursor = 0
  private let scratch = ColumnBuffer<UInt8>()

  init(_ index: RedisIndex, _ namespace: ByteString) {
    self.index = index
    self.namespace = namespace
    namespaceTag = RedisTag.namespace(namespace)
  }

  /// The columns seen so far.
  var columns: [RedisColumn] { entries.map(\.column) }

  /// Takes note of the columns that a record needs.
  func note(_ metadata: UnsafeRawBufferPointer) {
    cursor = 0
    for field in MetadataEncoding.fields(of: metadata) {
      if let kind = Self.kind(field.value) { _ = place(field.key, kind) }
    }
  }

  /// Deletes records, so that they can be written anew: one command.
  func delete(_ ids: PackedStrings, _ items: [Int], to commands: inout RedisCommands) {
    commands.begin(1 + items.count)
    commands.add(word: "DEL")
    for item in items { commands.add(index.keys, namespace, ids[item]) }
  }

  /// Writes a record that is not there: one command. False when out of memory.
  func write(
    id: UnsafeRawBufferPointer, vector: UnsafeRawBufferPointer, metadata: UnsafeRawBufferPointer,
    to commands: inout RedisCommands
  ) -> Bool {
    let fields = columnCount(metadata)
    commands.begin(6 + 2 * fields + (metadata.isEmpty ? 0 : 2))
    commands.add(word: "HSET")
    commands.add(index.keys, namespace, id)
    commands.add(index.vectorIdentifier)
    commands.add(vector)
    commands.add(RedisColumn.namespaceField)
    commands.add(namespaceTag)
    return metadata.isEmpty || append(metadata, to: &commands)
  }

  /// The blob and the columns of a record's metadata, names and values. False when out of memory.
  func append(_ metadata: UnsafeRawBufferPointer, to commands: inout RedisCommands) -> Bool {
    scratch.truncate(to: 0)
    guard MetadataEncoding.appendJSON(metadata, to: scratch) else { return false }
    commands.add(RedisColumn.metaField)
    commands.add(UnsafeRawBufferPointer(scratch.elements))
    cursor = 0
    for field in MetadataEncoding.fields(of: metadata) {
      guard let kind = Self.kind(field.value) else { continue }
      commands.add(entries[place(field.key, kind)].field)
      guard append(field.value, to: &commands) else { return false }
    }
    return true
  }

  /// Number of columns of a record.
  func columnCount(_ metadata: UnsafeRawBufferPointer) -> Int {
    MetadataEncoding.fields(of: metadata).reduce(0) { $0 + (Self.kind($1.value) == nil ? 0 : 1) }
  }

  private func append(_ value: MetadataEncoding.Value, to commands: inout RedisCommands) -> Bool {
    switch value {
    case .bool(let bool):
      commands.add(word: bool ? "true" : "false")
      return true
    case .number(let number):
      scratch.truncate(to: 0)
      var json = JSONWriter(scratch)
      json.number(number)
      commands.add(UnsafeRawBufferPointer(scratch.elements))
      return !json.failed
    case .string(let text):
      scratch.truncate(to: 0)
      guard RedisTag.append(text, to: scratch), endList() else { return false }
    case .strings(let items):
      scratch.truncate(to: 0)
      for item in items {
        if scratch.count > 0, !scratch.append(RedisTag.separator) { return false }
        guard RedisTag.append(item, to: scratch) else { return false }
      }
      guard endList() else { return false }
    case .remove: return true
    }
    commands.add(UnsafeRawBufferPointer(scratch.elements))
    return true
  }

  private func endList() -> Bool {
    scratch.append(RedisTag.separator) && RedisTag.present.bytes.withUnsafeBytes { scratch.append(bytes: $0) }
  }

  private func place(_ key: UnsafeRawBufferPointer, _ kind: RedisColumn.Kind) -> Int {
    if cursor < entries.count {
      let column = entries[cursor].column
      let isIt =
        column.kind == kind && column.key.count == key.count
        && column.key.bytes.withUnsafeBytes { compareBytes($0, key) == 0 }
      if isIt {
        cursor += 1
        return cursor - 1
      }
    }
    let column = RedisColumn(ByteString(key), kind)
    if let place = places[column] {
      cursor = place + 1
      return place
    }
    entries.append(Entry(column: column, field: column.field))
    places[column] = entries.count - 1
    cursor = entries.count
    return entries.count - 1
  }

  private static func kind(_ value: MetadataEncoding.Value) -> RedisColumn.Kind? {
    switch value {
    case .string, .strings: .strings
    case .number: .number
    case .bool: .bool
    case .remove: nil
    }
  }
}
