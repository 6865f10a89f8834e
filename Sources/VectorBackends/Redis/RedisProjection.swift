import CSupport
import Support
import VectorModel

/// Which fields of a record are asked for, and how they become a row of an answer.
struct RedisProjection {
  private let index: RedisIndex
  private let include: Include
  /// Fields of the hash, in this order.
  let fields: [ByteString]
  /// Those of the index that stand for metadata where others made it, in the order of `fields`, from its beginning.
  private let columns: [(name: ByteString, field: RedisField)]
  private let vectorPlace: Int

  /// `tellsPresence` also asks for a field that every record has.
  init(_ index: RedisIndex, _ include: Include, tellsPresence: Bool) {
    self.index = index
    self.include = include
    var fields: [ByteString] = []
    var columns: [(name: ByteString, field: RedisField)] = []
    if include.contains(.metadata) {
      if index.isOurs {
        fields.append(RedisColumn.metaField)
      } else {
        columns = index.fields.map { ($0.key, $0.value) }.sorted { $0.name < $1.name }
        fields += columns.map(\.field.identifier)
      }
    }
    self.columns = columns
    vectorPlace = fields.count
    if include.contains(.vectors) {
      fields.append(index.vectorIdentifier)
    } else if tellsPresence {
      fields.append(index.isOurs ? RedisColumn.namespaceField : index.vectorIdentifier)
    }
    self.fields = fields
  }

  /// Whether the values are those of a record. Asked with `tellsPresence` only.
  func isRecord(_ values: [RedisReply?]) -> Bool {
    guard vectorPlace < values.count, let bytes = values[vectorPlace]?.bytes else { return false }
    return (!include.contains(.vectors) && index.isOurs) || bytes.count == index.shape.dimensions * 4
  }

  /// Puts the values in order as they come with a hit: names and values in turn.
  func read(_ hit: RedisReply, into values: inout [RedisReply?]) {
    values.removeAll(keepingCapacity: true)
    for _ in fields { values.append(nil) }
    var elements = hit.elements
    while let name = elements.next(), let value = elements.next() {
      guard let name = name.bytes else { continue }
      for place in fields.indices
      where fields[place].bytes.withUnsafeBytes({ compareBytes($0, name) == 0 }) {
        values[place] = value
      }
    }
  }

  /// Appends id, and metadata and vector where asked. Errors: `outOfMemory`, `corrupt` for a record that this library did not
  /// write as it is.
  func append(
    id: UnsafeRawBufferPointer, _ values: [RedisReply?], to results: ResultColumns
  ) throws(VectorError) {
    guard results.append(id: id) else { throw .resultOutOfMemory }
    if include.contains(.metadata) {
      if index.isOurs {
        try appendBlob(values.first.flatMap { $0?.bytes }, id, to: results.metadata)
      } else {
        try appendColumns(values, to: results.metadata)
      }
      guard results.metadataOffsets.append(UInt64(results.metadata.count)) else { throw .resultOutOfMemory }
    }
    if include.contains(.vectors) { try appendVector(values[vectorPlace]?.bytes, id, to: results.vectors) }
  }

  private func appendBlob(
    _ blob: UnsafeRawBufferPointer?, _ id: UnsafeRawBufferPointer, to output: ColumnBuffer<UInt8>
  ) throws(VectorError) {
    guard let blob else {
      guard output.append(UInt8(ascii: "{")), output.append(UInt8(ascii: "}")) else { throw .resultOutOfMemory }
      return
    }
    // Who tampers with a record may break its JSON, which its reader then tells; text that is no text must not get that far.
    let isObject = blob.first == UInt8(ascii: "{") && blob.last == UInt8(ascii: "}")
    guard isObject, let base = blob.baseAddress, vdb_utf8_valid_prefix(base, blob.count) == blob.count else {
      throw VectorError(.corrupt, "record \(quoted(id)) holds metadata that is no JSON object")
    }
    guard output.append(bytes: blob) else { throw .resultOutOfMemory }
  }

  private func appendVector(
    _ bytes: UnsafeRawBufferPointer?, _ id: UnsafeRawBufferPointer, to output: ColumnBuffer<Float>
  ) throws(VectorError) {
    let size = index.shape.dimensions * 4
    guard let bytes, let from = bytes.baseAddress, bytes.count == size else {
      throw VectorError(.corrupt, "record \(quoted(id)) holds a vector of \(bytes?.count ?? 0) bytes, expected \(size)")
    }
    guard let target = output.extend(by: index.shape.dimensions) else { throw .resultOutOfMemory }
    // The wire is little-endian, as every machine this library runs on.
    UnsafeMutableRawPointer(target).copyMemory(from: from, byteCount: size)
  }

  /// Fields that others declared, as metadata: numbers as numbers, lists as lists, all else as text.
  private func appendColumns(_ values: [RedisReply?], to output: ColumnBuffer<UInt8>) throws(VectorError) {
    var json = JSONWriter(output)
    json.beginObject()
    for (place, column) in columns.enumerated() {
      guard let value = values[place], let bytes = value.bytes else { continue }
      json.key(String(decoding: column.name.bytes, as: UTF8.self))
      if column.field.kind == .numeric, let number = value.number, number.isFinite {
        json.number(number)
      } else if column.field.kind == .tag, let separator = column.field.separator, bytes.contains(separator) {
        json.beginArray()
        for part in bytes.split(separator: separator) { json.string(String(decoding: part, as: UTF8.self)) }
        json.endArray()
      } else {
        json.string(String(decoding: bytes, as: UTF8.self))
      }
    }
    json.endObject()
    if json.failed { throw .resultOutOfMemory }
  }
}

extension ResultColumns {
  /// How much there is, so that rows of an attempt that failed can be taken back.
  struct Mark {
    let rows, queries, ids, metadata, vectors: Int
  }

  var mark: Mark {
    Mark(
      rows: rowCount, queries: queryCount, ids: ids.count, metadata: metadata.count, vectors: vectors.count)
  }

  /// Forgets the rows and queries behind the mark.
  func truncate(to mark: Mark) {
    rowOffsets.truncate(to: mark.queries + 1)
    idOffsets.truncate(to: mark.rows + 1)
    ids.truncate(to: mark.ids)
    distances.truncate(to: mark.rows)
    scores.truncate(to: mark.rows)
    found.truncate(to: mark.rows)
    metadata.truncate(to: mark.metadata)
    metadataOffsets.truncate(to: mark.rows + 1)
    vectors.truncate(to: mark.vectors)
  }
}
