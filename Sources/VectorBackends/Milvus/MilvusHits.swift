import Support
import VectorModel

/// The hits in the answer to a search, on their way into its results.
struct MilvusHits {
  private struct Hit {
    let row: Int
    let distance: Float
    let id: UnsafeRawBufferPointer
  }

  private let rows: MilvusRowSet
  private let request: SearchRequest
  private let metric: Metric
  private let place: MilvusPlace

  /// Takes an answer to `queries` of the search. Errors: `protocolViolation` for one that does not fit them.
  init(
    _ columns: MilvusColumns, queries: Int, _ request: SearchRequest, _ shape: CollectionShape, _ place: MilvusPlace
  ) throws(VectorError) {
    rows = try MilvusRowSet(columns, dimensions: shape.dimensions, request.include)
    self.request = request
    metric = shape.metric
    self.place = place
    let counts = columns.counts.elements
    // Without a single hit there may be no counts either.
    if rows.count == 0 { return }
    guard counts.count == queries, counts.allSatisfy({ 0...Int64(request.k) ~= $0 }),
      counts.reduce(0, { $0 + Int($1) }) == rows.count, columns.scores.byteCount == rows.count * 4
    else { throw Self.unfit }
  }

  private static let unfit = VectorError(
    .protocolViolation, "the answer of Milvus to a search does not fit its queries")

  /// Appends the hits of all queries, the nearest first. Errors: `protocolViolation`, `outOfMemory`.
  func append(queries: Int, to results: ResultColumns) throws(VectorError) {
    try rows.reserve(in: results)
    var hits: [Hit] = []
    var row = 0
    for query in 0..<queries {
      let count = rows.count == 0 ? 0 : Int(rows.columns.counts.elements[query])
      hits.removeAll(keepingCapacity: true)
      // At most k, which is bounded.
      hits.reserveCapacity(count)
      for row in row..<row + count {
        let distance = try distance(row)
        if let id = place.id(ofKey: rows.key(row)), request.accepts(distance, metric) {
          hits.append(Hit(row: row, distance: distance, id: id))
        }
      }
      row += count
      hits.sort { left, right in
        left.distance != right.distance ? left.distance < right.distance : compareBytes(left.id, right.id) < 0
      }
      for hit in hits {
        guard results.append(id: hit.id), results.distances.append(hit.distance),
          results.scores.append(metric.score(distance: hit.distance))
        else { throw .resultOutOfMemory }
        try rows.append(hit.row, to: results)
      }
      try results.endQuery()
    }
  }

  private func distance(_ row: Int) throws(VectorError) -> Float {
    guard let number = rows.columns.scores.base?.loadUnaligned(fromByteOffset: 4 * row, as: Float.self),
      let distance = metric.distance(milvus: number)
    else {
      throw VectorError(.protocolViolation, "the answer of Milvus to a search holds a distance that is no number")
    }
    return distance
  }
}

extension SearchRequest {
  /// Whether a hit is near enough.
  fileprivate func accepts(_ distance: Float, _ metric: Metric) -> Bool {
    if let maxDistance, Double(distance) > maxDistance { return false }
    if let minScore, Double(metric.score(distance: distance)) < minScore { return false }
    return true
  }
}
