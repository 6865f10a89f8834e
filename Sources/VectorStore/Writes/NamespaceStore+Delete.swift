import Support
import VectorModel

extension NamespaceStore {
  /// Deletes records by id; unknown ids are passed over. nil when the store was retired meanwhile.
  func delete(ids: PackedStrings) -> WriteOutcome? {
    let deleted = try? writing { base in
      commit(
        ending: (0..<ids.count).lazy.compactMap { item in
          base.table.entry(of: ids[item], in: base).map(\.row)
        }, of: base)
    }
    return deleted.map { WriteOutcome(applied: ids.count, deleted: $0) }
  }

  /// Deletes every record that matches. nil when the store was retired meanwhile. Errors: `outOfMemory`, `cancelled`,
  /// `timeout`; then nothing changed.
  func delete(matching filter: Filter, context: CallContext) throws(VectorError) -> WriteOutcome? {
    // Outside of the lock, so that other writers wait only for the filter, not for columns it has never needed before.
    try RowMasks.prepare(snapshot, filter: filter, threads: settings.threads, context: context)
    return try writing { base throws(VectorError) in
      let masks = try RowMasks(base, filter: filter, excluded: nil, threads: settings.threads, context: context)
      let deleted = commit(
        ending: base.chunks.indices.lazy.flatMap { chunk in
          masks.rows(ofChunk: chunk, in: base).map { RowInSnapshot(chunk: chunk, slot: $0) }
        }, of: base)
      return WriteOutcome(applied: deleted, deleted: deleted)
    }
  }
}
