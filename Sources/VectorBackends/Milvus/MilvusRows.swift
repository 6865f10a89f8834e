import Support
import VectorModel

/// Rows on their way into one Upsert message: a generated message would hold every id as an object and every vector twice.
///
/// Milvus takes columns; a message may have its fields in any order. Keys and documents are written as they come, vectors stay
/// where they are until they are sent, behind the rest.
struct MilvusRows {
  /// A message is ended when it has more bytes. Servers take 64 MiB.
  static let enough = 8 << 20
  /// Longest document that Milvus takes unless its settings say otherwise; Milvus Lite takes any.
  static let longestDocument = 1 << 16

  private let keys = ColumnBuffer<UInt8>()
  private let vectors = ColumnBuffer<UnsafeRawPointer>()
  /// What keeps vectors in memory that are not the caller's.
  private var owners: [AnyObject] = []
  private let documents = ColumnBuffer<UInt8>()
  private let document = ColumnBuffer<UInt8>()

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
  var isFull: Bool { keys.count + count * vectorBytes + documents.count >= Self.enough }

  var count: Int { vectors.count }

  /// Adds a record: `vector` has as many floats as the collection has dimensions, `entry` is in the form of `MetadataEncoding`.
  /// Errors: `outOfMemory`.
  ///
  /// - Parameter owner: keeps the vector where it is until the message has been sent; nil where the caller does.
  mutating func append(
    id: UnsafeRawBufferPointer, vector: UnsafeRawPointer, owner: AnyObject? = nil, entry: UnsafeRawBufferPointer
  ) throws(VectorError) {
    document.truncate(to: 0)
    guard metadata.append(entry, to: document), appendKey(of: id), vectors.append(vector),
      documents.append(field: 1, bytes: UnsafeRawBufferPointer(document.elements))
    else { throw Self.outOfMemory }
    guard collection.isLite || document.count <= Self.longestDocument else { throw Self.tooLong(document.count) }
    if let owner { owners.append(owner) }
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
    keys.append(field: 1, length: place.lengthOfKey(of: id)) && place.appendKey(of: id, to: keys)
  }

  /// The message in its frame. Rows that were added to it must be kept until it has been sent. Errors: `outOfMemory`.
  func frame(_ settings: MilvusSettings) throws(VectorError) -> HTTPRowBody {
    let vectorBytes = vectorBytes
    let (vectors, owners) = (vectors, owners)
    guard let frame = GRPCFrame.begin(size: keys.count + documents.count + 4096),
      frame.append(field: 2, text: settings.database),
      frame.append(field: 3, text: settings.collection),
      frame.append(field: 4, text: collection.partition(place) ?? ""),
      frame.append(field: 7, number: UInt64(count)),
      appendColumns(to: frame), GRPCFrame.finish(frame, rest: count * vectorBytes),
      let body = HTTPRowBody(
        head: frame, rows: count, rowBytes: vectorBytes,
        write: { row, target in
          if let base = vectors.base { target.copyMemory(from: base[row], byteCount: vectorBytes) }
          withExtendedLifetime(owners) {}
        })
    else { throw Self.outOfMemory }
    return body
  }

  /// All columns, the last without its vectors.
  private func appendColumns(to frame: ColumnBuffer<UInt8>) -> Bool {
    let (keyHead, vectorHead, documentHead) = (ColumnBuffer<UInt8>(), ColumnBuffer<UInt8>(), ColumnBuffer<UInt8>())
    // FieldData: type, field_name, then scalars or vectors, which hold the column at two more levels.
    return keyHead.append(field: 1, number: UInt64(MilvusCollection.DataType.varChar))
      && keyHead.append(field: 2, text: collection.idField)
      && keyHead.append(field: 3, levels: [6], before: keys.count)
      && frame.append(field: 5, keyHead, keys)
      && documentHead.append(field: 1, number: UInt64(MilvusCollection.DataType.json))
      && documentHead.append(field: 2, text: collection.metadataField)
      && documentHead.append(field: 6, number: collection.isDynamic ? 1 : 0)
      && documentHead.append(field: 3, levels: [9], before: documents.count)
      && frame.append(field: 5, documentHead, documents)
      && vectorHead.append(field: 1, number: UInt64(MilvusCollection.DataType.floatVector))
      && vectorHead.append(field: 2, text: collection.vectorField)
      && appendVectorLevels(to: vectorHead)
      && frame.append(field: 5, head: vectorHead, before: count * vectorBytes)
  }

  /// VectorField: dim, then float_vector with one packed field.
  private func appendVectorLevels(to head: ColumnBuffer<UInt8>) -> Bool {
    let inner = ColumnBuffer<UInt8>()
    return inner.append(field: 1, number: UInt64(collection.shape.dimensions))
      && inner.append(field: 2, levels: [1], before: count * vectorBytes)
      && head.append(field: 4, head: inner, before: count * vectorBytes)
  }

  private static let outOfMemory = VectorError(.outOfMemory, "not enough memory to send a batch of records")
}
