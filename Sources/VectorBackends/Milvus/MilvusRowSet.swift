import Support
import VectorModel

/// Rows of an answer: columns of equal length, checked once, so that what is asked of a row is there.
///
/// Keys and documents lie in the answer, which this keeps: they are valid as long as it is.
struct MilvusRowSet {
  let count: Int
  let columns: MilvusColumns
  private let dimensions: Int

  /// Takes the columns of an answer. Fields that nobody asked for are left alone; one that was asked for and is missing, or of
  /// another length, makes the answer useless. Errors: `protocolViolation`.
  init(_ columns: MilvusColumns, dimensions: Int, _ include: Include) throws(VectorError) {
    count = columns.keys?.count ?? 0
    self.columns = columns
    self.dimensions = dimensions
    var isWhole = true
    if include.contains(.metadata), count > 0 { isWhole = columns.documents?.count == count }
    if include.contains(.vectors), count > 0 {
      let (bytes, overflow) = count.multipliedReportingOverflow(by: dimensions * MemoryLayout<Float>.size)
      isWhole = isWhole && !overflow && columns.vectors.byteCount == bytes
    }
    guard isWhole else {
      throw VectorError(.protocolViolation, "an answer of Milvus has columns of different lengths")
    }
  }

  /// The primary key of a row.
  func key(_ row: Int) -> UnsafeRawBufferPointer {
    columns.keys?.base?[row] ?? UnsafeRawBufferPointer(start: nil, count: 0)
  }

  /// The JSON document of a row as it is stored, where metadata was asked for.
  func document(_ row: Int) -> UnsafeRawBufferPointer {
    columns.documents?.base?[row] ?? UnsafeRawBufferPointer(start: nil, count: 0)
  }

  /// Makes room for what all rows will take. Errors: `outOfMemory`.
  func reserve(in results: ResultColumns) throws(VectorError) {
    func bytes(_ texts: MilvusColumns.Texts?) -> Int { texts?.elements.reduce(0) { $0 + $1.count } ?? 0 }
    // Documents of other lengths than the answer's are rare: those that have keys of ours, which go, or none.
    guard results.ids.reserve(bytes(columns.keys)),
      !results.include.contains(.metadata) || results.metadata.reserve(bytes(columns.documents)),
      !results.include.contains(.vectors) || results.vectors.reserve(columns.vectors.byteCount / 4)
    else { throw .resultOutOfMemory }
  }

  /// Appends metadata and vector of a row, where asked. Errors: `protocolViolation`, `outOfMemory`.
  func append(_ row: Int, to results: ResultColumns) throws(VectorError) {
    if results.include.contains(.metadata) {
      try MilvusMetadata.appendVisible(document(row), to: results.metadata)
      guard results.metadataOffsets.append(UInt64(results.metadata.count)) else { throw .resultOutOfMemory }
    }
    if results.include.contains(.vectors) {
      guard let target = results.vectors.extend(by: dimensions) else { throw .resultOutOfMemory }
      copyVector(row, to: target)
    }
  }

  private func copyVector(_ row: Int, to target: UnsafeMutablePointer<Float>) {
    let size = dimensions * MemoryLayout<Float>.size
    guard let base = columns.vectors.base else { return }
    UnsafeMutableRawPointer(target).copyMemory(from: base + row * size, byteCount: size)
  }

  /// The vector of a row, in memory of its own.
  func vector(_ row: Int) throws(VectorError) -> ColumnBuffer<Float> {
    let copy = ColumnBuffer<Float>()
    guard let target = copy.extend(by: dimensions) else { throw .resultOutOfMemory }
    copyVector(row, to: target)
    return copy
  }
}

/// Rows that were asked for by their ids.
struct MilvusFetched {
  let rows: MilvusRowSet
  private var places: [ByteString: Int] = [:]

  /// Bounded by the ids of one request.
  init(_ rows: MilvusRowSet, _ place: MilvusPlace) {
    self.rows = rows
    for row in 0..<rows.count {
      if let id = place.id(ofKey: rows.key(row)) { places[ByteString(id)] = row }
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
      try MilvusMetadata.appendVisible(rows.document(row), to: text)
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
