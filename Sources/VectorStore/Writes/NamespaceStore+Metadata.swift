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
    return try writing { base throws(VectorError) in
      let targets = try targets(of: ids, in: base)
      var appender = RowAppender(behind: base, settings: settings)
      do throws(VectorError) {
        var first = 0
        while first < targets.count {
          if let interruption = context.interruption() { throw VectorError(interruption) }
          let next = targets[first...].firstIndex { $0.row != targets[first].row } ?? targets.count
          let items = targets[first..<next].lazy.map(\.item)
          try rewrite(targets[first].row, in: base, items: items, changes: changes, replace: replace, to: &appender)
          first = next
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

  private struct Target {
    let row: RowInSnapshot
    let item: Int
  }

  /// The rows to change, those of one id side by side in the order of the items.
  private func targets(of ids: PackedStrings, in base: Snapshot) throws(VectorError) -> [Target] {
    var targets: [Target] = []
    for item in 0..<ids.count {
      guard let entry = base.table.entry(of: ids[item], in: base), base.isLive(entry.row) else {
        throw VectorError(.notFound, "there is no record \(quoted(ids[item]))", index: item)
      }
      targets.append(Target(row: entry.row, item: item))
    }
    targets.sort { ($0.row.chunk, $0.row.slot, $0.item) < ($1.row.chunk, $1.row.slot, $1.item) }
    return targets
  }

  private func rewrite(
    _ row: RowInSnapshot, in base: Snapshot, items: some BidirectionalCollection<Int>, changes: MetadataBatch,
    replace: Bool, to appender: inout RowAppender
  ) throws(VectorError) {
    let chunk = base.chunks[row.chunk].chunk
    if replace {
      guard let last = items.last else { return }
      try changes.withEntry(last) { metadata throws(VectorError) in
        try appender.append(copyOf: row.slot, in: chunk, metadata: metadata)
      }
      return
    }
    var merged: ColumnBuffer<UInt8>?
    for item in items {
      let before = merged.map { UnsafeRawBufferPointer($0.elements) } ?? chunk.metadata(row.slot)
      let after = ColumnBuffer<UInt8>()
      do throws(VectorError) {
        try changes.withEntry(item) { patch throws(VectorError) in
          try MetadataEncoding.merge(base: before, patch: patch, into: after)
        }
      } catch {
        var error = error
        error.index = item
        throw error
      }
      withExtendedLifetime(merged) {}
      merged = after
    }
    guard let merged else { return }
    try appender.append(copyOf: row.slot, in: chunk, metadata: UnsafeRawBufferPointer(merged.elements))
    withExtendedLifetime(merged) {}
  }
}
