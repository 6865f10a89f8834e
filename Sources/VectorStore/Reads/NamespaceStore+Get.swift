import Support
import VectorModel

extension NamespaceStore {
  /// Records by id, in the order asked, all from one snapshot. Errors: `cancelled`, `timeout`, `outOfMemory`.
  func get(ids: PackedStrings, include: Include, context: CallContext) throws(VectorError) -> ResultColumns {
    try reading(context) { snapshot throws(VectorError) in
      let results = try ResultColumns(kind: .get, dimensions: settings.dimensions, include: include)
      var pace = Pace(context)
      for item in 0..<ids.count {
        let isFound: UInt8
        switch snapshot.table.find(ids[item], in: snapshot) {
        case .outdated: return nil
        case .found(let row):
          try results.append(row.slot, of: snapshot.chunks[row.chunk].chunk, &pace)
          isFound = 1
        case .absent:
          try results.appendMissing(ids[item], &pace)
          isFound = 0
        }
        guard results.found.append(isFound) else { throw .resultOutOfMemory }
      }
      try results.endQuery()
      return results
    }
  }

  /// Number of records that match. O(1) without a filter. Errors: `cancelled`, `timeout`, `outOfMemory`.
  func count(matching filter: Filter?, context: CallContext) throws(VectorError) -> Int {
    let snapshot = snapshot
    guard let filter else { return snapshot.live }
    let masks = try RowMasks(snapshot, filter: filter, excluded: nil, threads: settings.threads, context: context)
    return masks.count(in: snapshot)
  }
}
