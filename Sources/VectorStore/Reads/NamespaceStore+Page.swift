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
    // A page may be short: columns are taken where a search made them, not built.
    guard var test = ChunkFilter(request.filter, builds: false) else { throw .resultOutOfMemory }
    var chunk = snapshot.firstChunk(from: start.serial)
    while chunk < snapshot.chunks.count {
      let view = snapshot.chunks[chunk]
      let first = view.chunk.serial == start.serial ? min(start.slot, view.count) : 0
      for word in first / 64..<view.words {
        var rows = view.live(word, at: snapshot.sequence)
        if word == first / 64 { rows &= .max << UInt64(first & 63) }
        rows = try test.matching(rows, word: word, of: view, isFull: snapshot.isFull(chunk: chunk), &pace)
        try pace.spend(4)
        while rows != 0 {
          let slot = word * 64 + rows.trailingZeroBitCount
          rows &= rows - 1
          if results.rowCount == request.limit {
            try results.setNextPage(PageToken.write(RowAddress(serial: view.chunk.serial, slot: slot)))
            try results.endQuery()
            return results
          }
          try results.append(slot, of: view.chunk, &pace)
        }
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
