import Support
import VectorModel

extension NamespaceStore {
  /// Deletes records by id; unknown ids are passed over. nil when the store was retired meanwhile. Errors: `outOfMemory`,
  /// `cancelled`, `timeout`; then nothing changed. 16 bytes of memory a record found.
  func delete(ids: PackedStrings, context: CallContext) throws(VectorError) -> WriteOutcome? {
    try writing(context) { base throws(VectorError) in
      var pace = Pace(context)
      let rows = ColumnBuffer<RowInSnapshot>()
      for item in 0..<ids.count {
        let id = ids[item]
        try pace.spend(bytes: 100 + id.count)
        guard let entry = base.table.entry(of: id, in: base), base.isLive(entry.row) else { continue }
        guard rows.append(entry.row) else { throw .deleteOutOfMemory }
      }
      let deleted = withExtendedLifetime(rows) { commit(ending: rows.elements, of: base) }
      return WriteOutcome(applied: ids.count, deleted: deleted)
    }
  }

  /// Deletes every record that matches. nil when the store was retired meanwhile. Errors: `outOfMemory`, `cancelled`,
  /// `timeout`; then nothing changed.
  func delete(matching filter: Filter, context: CallContext) throws(VectorError) -> WriteOutcome? {
    // Outside of the lock, so that other writers wait only for the filter, not for columns it has never needed before.
    try RowMasks.prepare(snapshot, filter: filter, threads: settings.threads, context: context)
    return try writing(context) { base throws(VectorError) in
      let masks = try RowMasks(base, filter: filter, excluded: nil, threads: settings.threads, context: context)
      let deleted = commit(
        ending: base.chunks.indices.lazy.flatMap { chunk in
          masks.rows(ofChunk: chunk, in: base).lazy.map { RowInSnapshot(chunk: chunk, slot: $0) }
        }, of: base)
      return WriteOutcome(applied: deleted, deleted: deleted)
    }
  }
}

extension VectorError {
  /// Records that are many to find; nothing was changed.
  static let deleteOutOfMemory = VectorError(
    .outOfMemory, "not enough memory to find the records to delete; nothing was changed")
}
