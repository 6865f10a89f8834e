import Support

/// The rows of an answer, column by column, as the C interface hands them out. Grows while an operation fills it, then
/// never changes.
package final class ResultColumns: @unchecked Sendable {
  package let rowOffsets: ColumnBuffer<UInt64>
  package let ids: ColumnBuffer<UInt8>
  package let idOffsets: ColumnBuffer<UInt64>
  package let distances: ColumnBuffer<Float>
  package let scores: ColumnBuffer<Float>
  /// JSON text of each row, filled when `include` has `.metadata`.
  package let metadata: ColumnBuffer<UInt8>
  package let metadataOffsets: ColumnBuffer<UInt64>
  /// `rowCount × dimensions`, filled when `include` has `.vectors`.
  package let vectors: ColumnBuffer<Float>
  /// 1 or 0 for each row, of `get` alone.
  package let found: ColumnBuffer<UInt8>

  package let dimensions: Int
  package let include: Include
  package let kind: Kind
  /// Token of the page that follows with a NUL behind it; empty after the last page.
  package let nextPage: ColumnBuffer<UInt8>
  package var info = ResultInfo()

  package enum Kind: Sendable { case search, get, page }

  package init(kind: Kind, dimensions: Int, include: Include) throws(VectorError) {
    self.kind = kind
    self.dimensions = dimensions
    self.include = include
    (rowOffsets, ids, idOffsets) = (ColumnBuffer(), ColumnBuffer(), ColumnBuffer())
    (distances, scores, found) = (ColumnBuffer(), ColumnBuffer(), ColumnBuffer())
    (metadata, metadataOffsets, vectors, nextPage) = (ColumnBuffer(), ColumnBuffer(), ColumnBuffer(), ColumnBuffer())
    guard rowOffsets.append(0), idOffsets.append(0), metadataOffsets.append(0) else { throw .resultOutOfMemory }
  }

  /// The same finished answer, made in another way: shares the columns, which do not change any more.
  package init(sharing other: ResultColumns, info: ResultInfo) {
    kind = other.kind
    dimensions = other.dimensions
    include = other.include
    (rowOffsets, ids, idOffsets) = (other.rowOffsets, other.ids, other.idOffsets)
    (distances, scores, found) = (other.distances, other.scores, other.found)
    (metadata, metadataOffsets) = (other.metadata, other.metadataOffsets)
    (vectors, nextPage) = (other.vectors, other.nextPage)
    self.info = info
  }

  package var rowCount: Int { idOffsets.count - 1 }
  package var queryCount: Int { rowOffsets.count - 1 }

  /// Says where the next page starts.
  package func setNextPage(_ token: [UInt8]) throws(VectorError) {
    guard token.withUnsafeBytes({ nextPage.append(bytes: $0) }), nextPage.append(0) else { throw .resultOutOfMemory }
  }

  /// Makes room for rows with ids and metadata of usual size, so that columns need not grow row by row; false when out of
  /// memory.
  package func reserve(rows: Int) -> Bool {
    let hasMetadata = include.contains(.metadata)
    let isRanked = kind == .search
    return idOffsets.reserve(rows) && ids.reserve(24 * rows)
      && (!hasMetadata || metadataOffsets.reserve(rows) && metadata.reserve(64 * rows))
      && (!isRanked || distances.reserve(rows) && scores.reserve(rows))
  }

  /// Appends the id of a row; false when out of memory.
  package func append(id: UnsafeRawBufferPointer) -> Bool {
    ids.append(bytes: id) && idOffsets.append(UInt64(ids.count))
  }

  /// Appends an id that was not found: no metadata, a vector of zeros. False when out of memory.
  package func append(missing id: UnsafeRawBufferPointer) -> Bool {
    append(id: id) && (!include.contains(.metadata) || metadataOffsets.append(UInt64(metadata.count)))
      && (!include.contains(.vectors) || vectors.append(repeating: 0, count: dimensions))
  }

  /// Ends the rows of one query.
  package func endQuery() throws(VectorError) {
    guard rowOffsets.append(UInt64(rowCount)) else { throw .resultOutOfMemory }
  }
}

extension VectorError {
  /// An answer that does not fit into memory.
  package static let resultOutOfMemory = VectorError(
    .outOfMemory, "not enough memory for the answer: ask for fewer rows")
}

/// How an answer was made.
package struct ResultInfo: Sendable {
  /// Whether the neighbours are certainly the nearest.
  package var exact = true
  /// Kind of index that answered: "flat", "hnsw", ….
  package var index = "flat"
  package var stale = false
  package var ageMilliseconds = 0
  package var cached = false
  package var attempts = 1

  package init() {}
}
