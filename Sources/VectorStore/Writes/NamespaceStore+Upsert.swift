import Support
import VectorIndex
import VectorModel

extension NamespaceStore {
  /// Writes the records of a checked batch. nil when the store was retired meanwhile. Errors: `outOfMemory`, `cancelled`,
  /// `timeout`; then nothing changed. O(batch), and O(rows) when the id table has to grow.
  func upsert(_ batch: RecordBatch, context: CallContext) throws(VectorError) -> WriteOutcome? {
    let count = batch.selection?.count ?? batch.ids.count
    guard count > 0 else { return WriteOutcome(applied: batch.ids.count) }
    return try writing { base throws(VectorError) in
      let table = try table(of: base, forNew: newIDs(batch, count: count, over: base), of: count)
      var appender = RowAppender(behind: base, settings: settings)
      do throws(VectorError) {
        for position in 0..<count {
          if position & 255 == 0, let interruption = context.interruption() { throw VectorError(interruption) }
          try append(batch, item: batch.selection?[position] ?? position, to: &appender)
        }
      } catch {
        appender.takeBack()
        throw error
      }
      commit(appender, over: base, table: table)
      return WriteOutcome(applied: batch.ids.count)
    }
  }

  private func append(_ batch: RecordBatch, item: Int, to appender: inout RowAppender) throws(VectorError) {
    guard let vector = batch.vectors.row(item) else { return }
    let norm = RowNumbers.compute(vector, dimensions: settings.dimensions).norm
    try batch.metadata.withEntry(item) { metadata throws(VectorError) in
      try appender.append(vector: vector, norm: norm, id: batch.ids[item], metadata: metadata)
    }
  }

  /// How many ids of the batch may need a new entry. Counted one by one only where a growing table is at stake.
  private func newIDs(_ batch: RecordBatch, count: Int, over base: Snapshot) -> Int {
    if base.table.hasRoom(for: count) { return count }
    var new = 0
    for position in 0..<count {
      let item = batch.selection?[position] ?? position
      if base.table.entry(of: batch.ids[item], in: base) == nil { new += 1 }
    }
    return new
  }
}
