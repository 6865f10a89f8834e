import Support
import VectorModel

extension NamespaceStore {
  /// One page of records, in the order of their rows. A record that is rewritten between two pages moves to the end and is
  /// seen again; none that stays is missed. Errors: `invalidArgument` for a foreign token, `cancelled`, `timeout`,
  /// `outOfMemory`. O(page), and O(rows passed over) with a filter or after deletions.
  func page(_ request: PageRequest, context: CallContext) throws(VectorError) -> ResultColumns {
    let snapshot = snapshot
    let results = try ResultColumns(kind: .page, dimensions: settings.dimensions, include: request.include)
    var start = RowAddress(bits: 0)
    if !request.token.isEmpty {
      guard let address = PageToken.read(request.token) else {
        throw VectorError(.invalidArgument, "the page token is not one of this library: pass what the last page gave")
      }
      start = address
    }
    var chunk = snapshot.firstChunk(from: start.serial)
    while chunk < snapshot.chunks.count {
      if let interruption = context.interruption() { throw VectorError(interruption) }
      let view = snapshot.chunks[chunk]
      let first = view.chunk.serial == start.serial ? start.slot : 0
      for slot in min(first, view.count)..<view.count {
        if slot & 4095 == 4095, let interruption = context.interruption() { throw VectorError(interruption) }
        guard view.chunk.end(slot) > snapshot.sequence else { continue }
        if let filter = request.filter, !filter.matches(view.chunk.metadata(slot)) { continue }
        if results.rowCount == request.limit {
          try results.setNextPage(PageToken.write(RowAddress(serial: view.chunk.serial, slot: slot)))
          try results.endQuery()
          return results
        }
        try results.append(slot, of: view.chunk)
      }
      chunk += 1
    }
    try results.endQuery()
    return results
  }
}
