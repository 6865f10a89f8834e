import Support
import VectorModel

extension ResultColumns {
  /// Appends id, and metadata and vector where asked, of a stored row. Errors: `outOfMemory`.
  func append(_ slot: Int, of chunk: Chunk) throws(VectorError) {
    guard ids.append(bytes: chunk.id(slot)), idOffsets.append(UInt64(ids.count)) else { throw .resultOutOfMemory }
    if include.contains(.metadata) {
      guard MetadataEncoding.appendJSON(chunk.metadata(slot), to: metadata),
        metadataOffsets.append(UInt64(metadata.count))
      else { throw .resultOutOfMemory }
    }
    if include.contains(.vectors) {
      let vector = UnsafeBufferPointer(start: chunk.vector(slot), count: dimensions)
      guard vectors.append(contentsOf: vector) else { throw .resultOutOfMemory }
    }
  }

  /// Appends an id that was not found: no metadata, a vector of zeros. Errors: `outOfMemory`.
  func appendMissing(_ id: UnsafeRawBufferPointer) throws(VectorError) {
    guard ids.append(bytes: id), idOffsets.append(UInt64(ids.count)) else { throw .resultOutOfMemory }
    if include.contains(.metadata), !metadataOffsets.append(UInt64(metadata.count)) { throw .resultOutOfMemory }
    if include.contains(.vectors), !vectors.append(repeating: 0, count: dimensions) { throw .resultOutOfMemory }
  }
}
