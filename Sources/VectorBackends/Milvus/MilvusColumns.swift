import Support
import SwiftProtobuf
import VectorModel

/// What an answer to a search or a query holds, column by column: found by one pass over its bytes, where all of it stays.
///
/// Not by generated messages: those would make an object of every key and document (`docs/decisions/milvus-answers.md`). Only
/// the columns of the collection's own fields are kept. Nothing is checked here but that the bytes are protobuf: whether columns
/// fit each other is for `MilvusRowSet`.
final class MilvusColumns {
  typealias Defect = ProtobufReader.Defect
  /// Bytes of each row.
  typealias Texts = ColumnBuffer<UnsafeRawBufferPointer>

  private(set) var status = MilvusProtoStatus()
  /// Primary keys; nil when there are none.
  private(set) var keys: Texts?
  /// JSON documents; nil when there is no such column.
  private(set) var documents: Texts?
  /// The floats of all vectors, one behind the other.
  private(set) var vectors = ProtobufWords()
  /// What Milvus calls distances, of a search alone.
  private(set) var scores = ProtobufWords()
  /// Hits of each query, of a search alone.
  let counts = ColumnBuffer<Int64>()

  private let collection: MilvusCollection
  /// Keeps the bytes in place.
  private let owner: AnyObject
  private var hasVectors = false
  private var hasNamedDocuments = false

  /// Which message the bytes are.
  enum Kind {
    case search
    case query
  }

  /// Reads `message`, which `owner` keeps in place. Errors: `malformed`, `outOfMemory`.
  init(
    _ kind: Kind, _ message: UnsafeRawBufferPointer, owner: AnyObject, _ collection: MilvusCollection
  ) throws(Defect) {
    self.collection = collection
    self.owner = owner
    var reader = ProtobufReader(message)
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (1, .bytes(let bytes)): try read(status: bytes)
      case (2, .bytes(let bytes)):
        switch kind {
        case .search: try read(results: bytes)
        case .query: try read(column: bytes, givesKeys: true)
        }
      default: break
      }
    }
  }

  /// Empty where all went well.
  private func read(status bytes: UnsafeRawBufferPointer) throws(Defect) {
    if bytes.isEmpty { return }
    // Its text is a String, which ends the process when it finds no memory.
    guard isMemoryAvailable(bytes.count.multipliedReportingOverflow(by: 4).partialValue) else { throw .outOfMemory }
    do { try status.merge(serializedBytes: BorrowedBytes(bytes), options: MilvusRequests.decoding) } catch {
      throw .malformed
    }
  }

  /// SearchResultData.
  private func read(results bytes: UnsafeRawBufferPointer) throws(Defect) {
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (3, .bytes(let bytes)): try read(column: bytes, givesKeys: false)
      case (4, let value): try scores.add(value)
      case (5, .bytes(let bytes)): try read(ids: bytes)
      case (6, let value): try read(counts: value)
      default: break
      }
    }
  }

  /// IDs.
  private func read(ids bytes: UnsafeRawBufferPointer) throws(Defect) {
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      if case (2, .bytes(let bytes)) = (field.number, field.value) { try Self.read(texts: bytes, into: &keys) }
    }
  }

  private func read(counts value: ProtobufReader.Value) throws(Defect) {
    switch value {
    case .number(let number): try add(count: number)
    case .bytes(let bytes):
      var reader = ProtobufReader(bytes)
      while !reader.isAtEnd { try add(count: try reader.varint()) }
    case .word, .longWord: break
    }
  }

  private func add(count: UInt64) throws(Defect) {
    guard counts.append(Int64(bitPattern: count)) else { throw .outOfMemory }
  }

  // MARK: - FieldData

  /// A column as it came: any of these may be missing.
  private struct Column {
    var name = UnsafeRawBufferPointer(start: nil, count: 0)
    var keys: Texts?
    var documents: Texts?
    var vectors = ProtobufWords()

    func isNamed(_ name: String) -> Bool {
      var name = name
      return name.withUTF8 { compareBytes(UnsafeRawBufferPointer($0), self.name) == 0 }
    }
  }

  /// Keeps a column if it is the first of its name.
  private func read(column bytes: UnsafeRawBufferPointer, givesKeys: Bool) throws(Defect) {
    var column = Column()
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (2, .bytes(let bytes)): column.name = bytes
      case (3, .bytes(let bytes)): try Self.read(scalars: bytes, into: &column)
      case (4, .bytes(let bytes)): try Self.read(vectors: bytes, into: &column)
      default: break
      }
    }
    if givesKeys, keys == nil, column.isNamed(collection.idField) {
      keys = column.keys
    }
    if !hasVectors, column.isNamed(collection.vectorField) {
      vectors = column.vectors
      hasVectors = true
    }
    if !hasNamedDocuments, column.isNamed(collection.metadataField) {
      documents = column.documents
      hasNamedDocuments = true
    } else if !hasNamedDocuments, documents == nil {
      // A dynamic field comes under its own name, or under none.
      documents = column.documents
    }
  }

  /// ScalarField.
  private static func read(scalars bytes: UnsafeRawBufferPointer, into column: inout Column) throws(Defect) {
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (6, .bytes(let bytes)): try read(texts: bytes, into: &column.keys)
      case (9, .bytes(let bytes)): try read(texts: bytes, into: &column.documents)
      default: break
      }
    }
  }

  /// StringArray, BytesArray or JSONArray.
  private static func read(texts bytes: UnsafeRawBufferPointer, into texts: inout Texts?) throws(Defect) {
    let all = texts ?? Texts()
    texts = all
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      guard case (1, .bytes(let text)) = (field.number, field.value) else { continue }
      guard all.append(text) else { throw .outOfMemory }
    }
  }

  /// VectorField.
  private static func read(vectors bytes: UnsafeRawBufferPointer, into column: inout Column) throws(Defect) {
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      guard case (2, .bytes(let bytes)) = (field.number, field.value) else { continue }
      // FloatArray.
      var floats = ProtobufReader(bytes)
      while let field = try floats.next() {
        if field.number == 1 { try column.vectors.add(field.value) }
      }
    }
  }
}
