import Support
import VectorModel

extension ResultColumns {
  /// Appends a row of an answer whose first column is the id; metadata and vector, as far as they are asked for, stand from
  /// column `first` on. Errors: `protocolViolation`, `outOfMemory`, `cancelled`, `timeout`.
  func append(
    _ answer: PostgresResult, _ row: Int, from first: Int, _ table: PgvectorTable, _ pace: inout Pace
  ) throws(VectorError) {
    try pace.spend(bytes: 100 + (include.contains(.vectors) ? dimensions * 4 : 0))
    guard let id = answer.bytes(row, 0) else { throw .noRecord }
    guard append(id: id) else { throw .resultOutOfMemory }
    var column = first
    if include.contains(.metadata) {
      var json = UnsafeRawBufferPointer(start: nil, count: 0)
      if table.metadata != nil {
        json = answer.bytes(row, column) ?? json
        column += 1
      }
      try append(jsonb: json, &pace)
    }
    if include.contains(.vectors) {
      guard let bytes = answer.bytes(row, column) else { throw .noRecord }
      try vectors.append(vector: bytes, dimensions: dimensions)
    }
  }

  /// Metadata in the binary form of `jsonb`; nothing at all is an empty object.
  private func append(jsonb bytes: UnsafeRawBufferPointer, _ pace: inout Pace) throws(VectorError) {
    try pace.spend(bytes: 4 * bytes.count)
    guard bytes.isEmpty || bytes[0] == jsonbVersion else {
      throw VectorError(.protocolViolation, "Postgres answered metadata in a form that is not known")
    }
    let text = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
    let isAdded =
      text.isEmpty
      ? metadata.append(UInt8(ascii: "{")) && metadata.append(UInt8(ascii: "}"))
      : PgvectorMetadata.append(text, to: metadata)
    guard isAdded, metadataOffsets.append(UInt64(metadata.count)) else { throw .resultOutOfMemory }
  }

  /// Appends an id that was not found: no metadata, a vector of zeros. Errors: `outOfMemory`, `cancelled`, `timeout`.
  func append(missing id: UnsafeRawBufferPointer, _ pace: inout Pace) throws(VectorError) {
    try pace.spend(bytes: 50 + (include.contains(.vectors) ? dimensions * 4 : 0))
    guard append(missing: id) else { throw .resultOutOfMemory }
  }
}

extension VectorError {
  /// An answer without what was asked for.
  static let noRecord = VectorError(.protocolViolation, "Postgres answered without what was asked for")
}
