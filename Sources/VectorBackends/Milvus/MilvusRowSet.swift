import FoundationEssentials
import Support
import VectorModel

/// Rows of an answer: columns of equal length, checked once, so that what is asked of a row is there.
struct MilvusRowSet {
  let keys: [Data]
  private let documents: [Data]?
  private let vectors: Data?
  private let dimensions: Int

  /// Reads the columns of an answer. Fields that nobody asked for are left alone; one that was asked for and is missing, or of
  /// another length, makes the answer useless. Errors: `protocolViolation`.
  ///
  /// - Parameter keys: where they come apart from the fields, as in the answer to a search.
  init(
    _ fields: [MilvusProtoFieldData], keys: MilvusProtoIDs? = nil, _ collection: MilvusCollection, _ include: Include
  ) throws(VectorError) {
    func field(_ name: String) -> MilvusProtoFieldData? { fields.first { $0.fieldName == name } }
    self.keys = keys?.strID.data ?? field(collection.idField)?.scalars.stringData.data ?? []
    let count = self.keys.count
    dimensions = collection.shape.dimensions
    var isWhole = true
    if include.contains(.metadata), count > 0 {
      // A dynamic field comes under its own name, or under none.
      let column = field(collection.metadataField) ?? fields.first { $0.scalars.hasJsonData }
      documents = column?.scalars.jsonData.data
      isWhole = documents?.count == count
    } else {
      documents = nil
    }
    if include.contains(.vectors), count > 0 {
      vectors = field(collection.vectorField)?.vectors.floatVector.data
      let (bytes, overflow) = count.multipliedReportingOverflow(by: dimensions * MemoryLayout<Float>.size)
      isWhole = isWhole && !overflow && vectors?.count == bytes
    } else {
      vectors = nil
    }
    guard isWhole else {
      throw VectorError(.protocolViolation, "an answer of Milvus has columns of different lengths")
    }
  }

  var count: Int { keys.count }

  /// Appends metadata and vector of a row, where asked. Errors: `protocolViolation`, `outOfMemory`.
  func append(_ row: Int, to results: ResultColumns) throws(VectorError) {
    if results.include.contains(.metadata), let documents {
      try lend(documents[row]) { (document) throws(VectorError) in
        try MilvusMetadata.appendVisible(document, to: results.metadata)
      }
      guard results.metadataOffsets.append(UInt64(results.metadata.count)) else { throw .resultOutOfMemory }
    }
    if results.include.contains(.vectors) {
      guard let target = results.vectors.extend(by: dimensions) else { throw .resultOutOfMemory }
      copyVector(row, to: target)
    }
  }

  private func copyVector(_ row: Int, to target: UnsafeMutablePointer<Float>) {
    let size = dimensions * MemoryLayout<Float>.size
    vectors?.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      UnsafeMutableRawPointer(target).copyMemory(from: base + row * size, byteCount: size)
    }
  }

  /// The vector of a row, in memory of its own.
  func vector(_ row: Int) throws(VectorError) -> ColumnBuffer<Float> {
    let copy = ColumnBuffer<Float>()
    guard let target = copy.extend(by: dimensions) else { throw .resultOutOfMemory }
    copyVector(row, to: target)
    return copy
  }

  /// The JSON document of a row as it is stored.
  func lendDocument<Result>(
    _ row: Int, _ body: (UnsafeRawBufferPointer) throws(VectorError) -> Result
  ) throws(VectorError) -> Result {
    guard let documents else { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
    return try lend(documents[row], body)
  }
}

/// Lends bytes out, with the error type that `Data`'s own function would lose.
func lend<Answer, Failure: Error>(
  _ data: Data, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Answer
) throws(Failure) -> Answer {
  let answer: Result<Answer, Failure> = data.withUnsafeBytes { bytes in
    do throws(Failure) { return .success(try body(bytes)) } catch { return .failure(error) }
  }
  return try answer.get()
}

/// Rows that were asked for by their ids.
struct MilvusFetched {
  let rows: MilvusRowSet
  private var places: [ByteString: Int] = [:]

  /// Bounded by the ids of one request.
  init(_ rows: MilvusRowSet, _ place: MilvusPlace) {
    self.rows = rows
    for (row, key) in rows.keys.enumerated() {
      if let id = place.id(ofKey: key) { places[ByteString(Array(id))] = row }
    }
  }

  /// The row of an id; nil when there is none.
  subscript(id: UnsafeRawBufferPointer) -> Int? { places[ByteString(id)] }

  /// The metadata of all rows, in the form that can be changed. Errors: `unsupported` for metadata of others that is no metadata
  /// of ours, such as nested objects; those of reading an answer.
  func entries(_ context: CallContext) throws(VectorError) -> MetadataBatch {
    let text = ColumnBuffer<UInt8>()
    guard text.append(UInt8(ascii: "[")) else { throw .resultOutOfMemory }
    for row in 0..<rows.count {
      if row > 0, !text.append(UInt8(ascii: ",")) { throw .resultOutOfMemory }
      try rows.lendDocument(row) { (document) throws(VectorError) in
        try MilvusMetadata.appendVisible(document, to: text)
      }
    }
    guard text.append(UInt8(ascii: "]")) else { throw .resultOutOfMemory }
    defer { withExtendedLifetime(text) {} }
    do {
      return try MetadataBatch.parse(
        json: UnsafeRawBufferPointer(text.elements), count: rows.count, patches: false, context: context)
    } catch {
      guard error.status == .invalidMetadata else { throw error }
      throw VectorError(.unsupported, "stored metadata cannot be changed: \(error.message)")
    }
  }
}
