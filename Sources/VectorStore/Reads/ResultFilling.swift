import Support
import VectorModel

extension ResultColumns {
  /// Appends id, and metadata and vector where asked, of a stored row. Errors: `outOfMemory`, `cancelled`, `timeout`.
  func append(_ slot: Int, of chunk: Chunk, _ pace: inout Pace) throws(VectorError) {
    try pace.spend(bytes: 100 + (include.contains(.vectors) ? dimensions * 4 : 0))
    guard append(id: chunk.id(slot)) else { throw .resultOutOfMemory }
    if include.contains(.metadata) {
      let entry = chunk.metadata(slot)
      try pace.spend(bytes: 2 * entry.count)
      guard MetadataEncoding.appendJSON(entry, to: metadata),
        metadataOffsets.append(UInt64(metadata.count))
      else { throw .resultOutOfMemory }
    }
    if include.contains(.vectors) {
      let vector = UnsafeBufferPointer(start: chunk.vector(slot), count: dimensions)
      guard vectors.append(contentsOf: vector) else { throw .resultOutOfMemory }
    }
  }

  /// Appends an id that was not found: no metadata, a vector of zeros. Errors: `outOfMemory`, `cancelled`, `timeout`.
  func appendMissing(_ id: UnsafeRawBufferPointer, _ pace: inout Pace) throws(VectorError) {
    try pace.spend(bytes: 50 + (include.contains(.vectors) ? dimensions * 4 : 0))
    guard append(missing: id) else { throw .resultOutOfMemory }
  }

  /// Ends `count` queries that nothing answers. Errors: `outOfMemory`, `cancelled`, `timeout`.
  func endQueries(_ count: Int, _ pace: inout Pace) throws(VectorError) {
    for _ in 0..<count {
      try pace.spend(1)
      try endQuery()
    }
  }
}
