import Support
import VectorModel

extension NamespaceStore {
  /// Merges changes into the metadata of records, or replaces it; changes of a repeated id apply in order. nil when the
  /// store was retired meanwhile. Errors: `notFound` with the item's index, `tooLarge`, `outOfMemory`, `cancelled`,
  /// `timeout`; then nothing changed.
  func updateMetadata(
    ids: PackedStrings, changes: MetadataBatch, replace: Bool, context: CallContext
  ) throws(VectorError) -> WriteOutcome? {
    guard ids.count > 0 else { return WriteOutcome(applied: 0) }
    let repeated = try RepeatedIDs(ids, context: context)
    return try writing(context) { base throws(VectorError) in
      var pace = Pace(context)
      let rows = try rows(of: ids, in: base, &pace)
      var appender = RowAppender(behind: base, settings: settings)
      do throws(VectorError) {
        for item in 0..<ids.count where repeated?.isFirst(item) ?? true {
          try pace.spend(bytes: 100 + settings.dimensions * 4)
          let row = rows.elements[item]
          if replace {
            try self.replace(row, in: base, with: item, repeated, of: changes, to: &appender, &pace)
          } else {
            try merge(row, in: base, with: item, repeated, of: changes, to: &appender, &pace)
          }
        }
      } catch {
        appender.takeBack()
        throw error
      }
      // No id is new, so the table has room.
      commit(appender, over: base, table: base.table)
      return WriteOutcome(applied: ids.count)
    }
  }

  /// The row of each id.
  private func rows(
    of ids: PackedStrings, in base: Snapshot, _ pace: inout Pace
  ) throws(VectorError) -> ColumnBuffer<RowInSnapshot> {
    let rows = ColumnBuffer<RowInSnapshot>()
    guard rows.reserve(ids.count) else { throw .storeOutOfMemory }
    for item in 0..<ids.count {
      let id = ids[item]
      try pace.spend(bytes: 100 + id.count)
      guard let entry = base.table.entry(of: id, in: base), base.isLive(entry.row) else {
        throw VectorError(.notFound, "there is no record \(quoted(id))", index: item)
      }
      guard rows.append(entry.row) else { throw .storeOutOfMemory }
    }
    return rows
  }

  /// Writes a row again with the last of the metadata given for it.
  private func replace(
    _ row: RowInSnapshot, in base: Snapshot, with first: Int, _ repeated: RepeatedIDs?, of changes: MetadataBatch,
    to appender: inout RowAppender, _ pace: inout Pace
  ) throws(VectorError) {
    var last = first
    while let next = repeated?.next(after: last) {
      try pace.spend(1)
      last = next
    }
    try changes.withEntry(last) { metadata throws(VectorError) in
      try pace.spend(bytes: metadata.count)
      try appender.append(copyOf: row.slot, in: base.chunks[row.chunk].chunk, metadata: metadata)
    }
  }

  /// Writes a row again with every change given for it, one after the other.
  private func merge(
    _ row: RowInSnapshot, in base: Snapshot, with first: Int, _ repeated: RepeatedIDs?, of changes: MetadataBatch,
    to appender: inout RowAppender, _ pace: inout Pace
  ) throws(VectorError) {
    let chunk = base.chunks[row.chunk].chunk
    var merged: ColumnBuffer<UInt8>?
    var item: Int? = first
    while let current = item {
      let before = merged.map { UnsafeRawBufferPointer($0.elements) } ?? chunk.metadata(row.slot)
      let after = ColumnBuffer<UInt8>()
      try pace.spend(bytes: 100 + 4 * before.count)
      do throws(VectorError) {
        try changes.withEntry(current) { patch throws(VectorError) in
          try MetadataEncoding.merge(base: before, patch: patch, into: after)
        }
      } catch {
        var error = error
        error.index = current
        throw error
      }
      withExtendedLifetime(merged) {}
      merged = after
      item = repeated?.next(after: current)
    }
    guard let merged else { return }
    try appender.append(copyOf: row.slot, in: chunk, metadata: UnsafeRawBufferPointer(merged.elements))
    withExtendedLifetime(merged) {}
  }
}
