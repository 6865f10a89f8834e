import Support
import VectorModel

/// Rows on their way into one Upsert message, written as they come: a generated message would hold every id as an object and
/// every vector twice.
///
/// Milvus takes columns; a message may have its fields in any order, so the columns are laid one behind the other at the end.
struct MilvusRows {
  /// A message is ended when it has more bytes. Servers take 64 MiB, and memory is needed about three times.
  static let enough = 8 << 20
  /// A document this long goes alone: servers refuse documents beyond 64 KiB unless told otherwise, and the whole message with it.
  static let longDocument = 1 << 16

  private let keys = ColumnBuffer<UInt8>()
  private let vectors = ColumnBuffer<UInt8>()
  private let documents = ColumnBuffer<UInt8>()
  private let document = ColumnBuffer<UInt8>()
  private(set) var count = 0
  private(set) var hasLongDocument = false

  private let collection: MilvusCollection
  private let place: MilvusPlace
  private let metadata: MilvusMetadata
  private let vectorBytes: Int

  init(_ collection: MilvusCollection, _ place: MilvusPlace) {
    self.collection = collection
    self.place = place
    metadata = collection.metadata(place)
    vectorBytes = collection.shape.dimensions * MemoryLayout<Float>.size
  }

  /// Whether it should be sent before another row comes.
  var isFull: Bool { keys.count + vectors.count + documents.count >= Self.enough || hasLongDocument }

  /// Bytes of metadata that were appended, for pacing.
  var documentBytes: Int { documents.count }

  /// Adds a record: `vector` has as many floats as the collection has dimensions, `entry` is in the form of `MetadataEncoding`.
  /// Errors: `outOfMemory`.
  mutating func append(
    id: UnsafeRawBufferPointer, vector: UnsafeRawPointer, entry: UnsafeRawBufferPointer
  ) throws(VectorError) {
    document.truncate(to: 0)
    guard metadata.append(entry, to: document), appendKey(of: id),
      vectors.append(bytes: UnsafeRawBufferPointer(start: vector, count: vectorBytes)),
      documents.append(field: 1, bytes: UnsafeRawBufferPointer(document.elements))
    else { throw Self.outOfMemory }
    if document.count > Self.longDocument { hasLongDocument = true }
    count += 1
  }

  /// Whether a record with this metadata should begin a message of its own.
  func wantsMessageOfItsOwn(_ entry: UnsafeRawBufferPointer) -> Bool {
    count > 0 && entry.count > Self.longDocument / 2
  }

  private func appendKey(of id: UnsafeRawBufferPointer) -> Bool {
    let key = place.key(of: id)
    return key.withUnsafeBytes { keys.append(field: 1, bytes: $0) }
  }

  /// The message in its frame. Errors: `outOfMemory`.
  func frame(_ settings: MilvusSettings) throws(VectorError) -> ColumnBuffer<UInt8> {
    let columns = keys.count + vectors.count + documents.count
    guard let frame = GRPCFrame.begin(size: columns + 4096),
      frame.append(field: 2, text: settings.database),
      frame.append(field: 3, text: settings.collection),
      frame.append(field: 4, text: collection.partition(place) ?? ""),
      frame.append(field: 7, number: UInt64(count)),
      appendColumns(to: frame), GRPCFrame.finish(frame)
    else { throw Self.outOfMemory }
    return frame
  }

  private func appendColumns(to frame: ColumnBuffer<UInt8>) -> Bool {
    let (keyHead, vectorHead, documentHead) = (ColumnBuffer<UInt8>(), ColumnBuffer<UInt8>(), ColumnBuffer<UInt8>())
    // FieldData: type, field_name, then scalars or vectors, which hold the column at two more levels.
    return keyHead.append(field: 1, number: UInt64(MilvusCollection.DataType.varChar))
      && keyHead.append(field: 2, text: collection.idField)
      && keyHead.append(field: 3, levels: [6], before: keys.count)
      && frame.append(field: 5, keyHead, keys)
      && vectorHead.append(field: 1, number: UInt64(MilvusCollection.DataType.floatVector))
      && vectorHead.append(field: 2, text: collection.vectorField)
      && appendVectorLevels(to: vectorHead)
      && frame.append(field: 5, vectorHead, vectors)
      && documentHead.append(field: 1, number: UInt64(MilvusCollection.DataType.json))
      && documentHead.append(field: 2, text: collection.metadataField)
      && documentHead.append(field: 6, number: collection.isDynamic ? 1 : 0)
      && documentHead.append(field: 3, levels: [9], before: documents.count)
      && frame.append(field: 5, documentHead, documents)
  }

  /// VectorField: dim, then float_vector with one packed field.
  private func appendVectorLevels(to head: ColumnBuffer<UInt8>) -> Bool {
    let inner = ColumnBuffer<UInt8>()
    return inner.append(field: 1, number: UInt64(collection.shape.dimensions))
      && inner.append(field: 2, levels: [1], before: vectors.count)
      && head.append(field: 4, head: inner, before: vectors.count)
  }

  private static let outOfMemory = VectorError(.outOfMemory, "not enough memory to send a batch of records")
}
