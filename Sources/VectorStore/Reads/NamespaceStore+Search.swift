import Support
import VectorIndex
import VectorModel

extension NamespaceStore {
  /// The nearest records of each query in the newest snapshot. Takes no lock. Errors: `cancelled`, `timeout`,
  /// `outOfMemory`.
  func search(_ request: SearchRequest, context: CallContext) throws(VectorError) -> ResultColumns {
    try reading(context) { snapshot throws(VectorError) -> ResultColumns? in
      var excluded: RowInSnapshot?
      if let id = request.excludedID {
        switch id.bytes.withUnsafeBytes({ snapshot.table.find($0, in: snapshot) }) {
        case .found(let row): excluded = row
        case .absent: break
        case .outdated: return nil
        }
      }
      return try search(request, excluded: excluded, in: snapshot, context: context)
    }
  }

  /// The nearest records of a stored one, itself left out. Errors: `notFound`, and those of `search`.
  func search(near id: ByteString, _ request: SearchRequest, context: CallContext) throws(VectorError) -> ResultColumns
  {
    try reading(context) { snapshot throws(VectorError) -> ResultColumns? in
      switch id.bytes.withUnsafeBytes({ snapshot.table.find($0, in: snapshot) }) {
      case .outdated: return nil
      case .absent:
        throw VectorError(.notFound, "there is no record \(id.bytes.withUnsafeBytes { quoted($0) })")
      case .found(let row):
        var request = request
        request.queries = VectorRows(
          base: UnsafeRawPointer(snapshot.chunks[row.chunk].chunk.vector(row.slot)), count: 1,
          dimensions: settings.dimensions, strideBytes: settings.dimensions * 4)
        return try search(request, excluded: row, in: snapshot, context: context)
      }
    }
  }

  private func search(
    _ request: SearchRequest, excluded: RowInSnapshot?, in snapshot: Snapshot, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    let results = try ResultColumns(kind: .search, dimensions: settings.dimensions, include: request.include)
    var pace = Pace(context)
    let k = min(request.k, snapshot.live)
    if k == 0 || request.queries.count == 0 {
      try results.endQueries(request.queries.count, &pace)
      return results
    }
    let masks = try RowMasks(
      snapshot, filter: request.filter, excluded: excluded, threads: settings.threads, context: context)
    let blocks = snapshot.chunks.enumerated().map { index, view in
      RowBlock(
        vectors: UnsafePointer(view.chunk.vectors), stride: settings.layout.stride,
        norms: UnsafePointer(view.chunk.norms), count: view.count, mask: masks.mask(ofChunk: index))
    }
    let search = ExactSearch(metric: settings.metric, dimensions: settings.dimensions)
    let lists = try search.search(
      queries: request.queries, k: k, blocks: blocks,
      compareIDs: { left, right in
        compareBytes(
          snapshot.chunks[Int(left.block)].chunk.id(Int(left.row)),
          snapshot.chunks[Int(right.block)].chunk.id(Int(right.row)))
      }, threads: settings.threads, context: context)
    withExtendedLifetime(masks) {}
    for query in 0..<lists.count {
      try pace.spend(1)
      for neighbor in lists[query] {
        let score = settings.metric.score(distance: neighbor.distance)
        if let most = request.maxDistance, Double(neighbor.distance) > most { break }
        if let least = request.minScore, Double(score) < least { break }
        guard results.distances.append(neighbor.distance), results.scores.append(score) else {
          throw .resultOutOfMemory
        }
        try results.append(Int(neighbor.reference.row), of: snapshot.chunks[Int(neighbor.reference.block)].chunk, &pace)
      }
      try results.endQuery()
    }
    withExtendedLifetime(lists) {}
    return results
  }
}
