import Support
import VectorModel

/// Rows on their way into one Upsert message, written as they come: a generated message would hold every id as an object and
/// every vector twice.
///
/// Milvus takes columns; a message may have its fields in any order, so the columns are laid one behind the other at the end.
struct MilvusRows {
  /// A message is ended when it has more bytes. Servers take 64 MiB, and memory is needed about three times.
  static let enough = 8 << 20
  /// Longest document that Milvus takes unless its settings say otherwise; Milvus Lite takes any.
  static let longestDocument = 1 << 16

  private let keys = ColumnBuffer<UInt8>()
  private let vectors = ColumnBuffer<UInt8>()
  private let documents = ColumnBuffer<UInt8>()
  private let document = ColumnBuffer<UInt8>()
  private(set) var count = 0

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
  var isFull: Bool { keys.count + vectors.count + documents.count >= Self.enough }

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
    guard collection.isLite || document.count <= Self.longestDocument else { throw Self.tooLong(document.count) }
    count += 1
  }

  /// Refuses a batch with a document that Milvus would refuse, before any of it is sent. Errors: `tooLarge` naming the item,
  /// `outOfMemory`.
  static func check(_ batch: RecordBatch, _ collection: MilvusCollection, _ place: MilvusPlace) throws(VectorError) {
    if collection.isLite { return }
    let metadata = collection.metadata(place)
    let document = ColumnBuffer<UInt8>()
    for item in 0..<batch.ids.count where batch.isWritten(item) {
      try batch.metadata.withEntry(item) { (entry) throws(VectorError) in
        // An escape makes six bytes of one; short metadata needs no look.
        if entry.count < longestDocument / 8 { return }
        document.truncate(to: 0)
        guard metadata.append(entry, to: document) else { throw outOfMemory }
        guard document.count <= longestDocument else {
          var error = tooLong(document.count)
          error.index = item
          throw error
        }
      }
    }
  }

  private static func tooLong(_ bytes: Int) -> VectorError {
    VectorError(.tooLarge, "metadata takes \(bytes) bytes of JSON, Milvus allows \(longestDocument)")
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
