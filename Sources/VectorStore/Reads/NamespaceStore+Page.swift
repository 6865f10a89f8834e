import Support
import VectorModel

extension NamespaceStore {
  /// One page of records, in the order of their rows. A record that is rewritten between two pages moves to the end and is
  /// seen again; none that stays is missed. Errors: `invalidArgument` for a foreign token, `cancelled`, `timeout`,
  /// `outOfMemory`. O(page), and O(rows passed over) with a filter or after deletions.
  func page(_ request: PageRequest, context: CallContext) throws(VectorError) -> ResultColumns {
    let snapshot = snapshot
    let results = try ResultColumns(kind: .page, dimensions: settings.dimensions, include: request.include)
    let start = try request.start
    var pace = Pace(context)
    var chunk = snapshot.firstChunk(from: start.serial)
    while chunk < snapshot.chunks.count {
      let view = snapshot.chunks[chunk]
      let first = view.chunk.serial == start.serial ? start.slot : 0
      for slot in min(first, view.count)..<view.count {
        try pace.spend(1)
        guard view.chunk.end(slot) > snapshot.sequence else { continue }
        if let filter = request.filter {
          let entry = view.chunk.metadata(slot)
          try pace.spend(bytes: 50 + entry.count)
          guard filter.matches(entry) else { continue }
        }
        if results.rowCount == request.limit {
          try results.setNextPage(PageToken.write(RowAddress(serial: view.chunk.serial, slot: slot)))
          try results.endQuery()
          return results
        }
        try results.append(slot, of: view.chunk, &pace)
      }
      chunk += 1
    }
    try results.endQuery()
    return results
  }
}

extension PageRequest {
  /// The row that the page begins with. Errors: `invalidArgument` for a foreign token.
  var start: RowAddress {
    get throws(VectorError) {
      if token.isEmpty { return RowAddress(bits: 0) }
      guard let address = PageToken.read(token) else {
        throw VectorError(.invalidArgument, "the page token is not one of this library: pass what the last page gave")
      }
      return address
    }
  }
}
