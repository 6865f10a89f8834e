import Support
import VectorIndex
import VectorModel

extension NamespaceStore {
  /// Writes the records of a checked batch. nil when the store was retired meanwhile. Errors: `outOfMemory`, `cancelled`,
  /// `timeout`; then nothing changed. O(batch), and O(rows) when the id table has to grow.
  func upsert(_ batch: RecordBatch, context: CallContext) throws(VectorError) -> WriteOutcome? {
    let count = batch.recordCount
    guard count > 0 else { return WriteOutcome(applied: batch.ids.count) }
    return try writing(context) { base throws(VectorError) in
      var pace = Pace(context)
      let new = try newIDs(batch, count: count, over: base, &pace)
      let table = try table(of: base, forNew: new, of: count, &pace)
      var appender = RowAppender(behind: base, settings: settings)
      do throws(VectorError) {
        for item in 0..<batch.ids.count where batch.isWritten(item) { try append(batch, item, to: &appender, &pace) }
      } catch {
        appender.takeBack()
        throw error
      }
      commit(appender, over: base, table: table)
      return WriteOutcome(applied: batch.ids.count)
    }
  }

  private func append(
    _ batch: RecordBatch, _ item: Int, to appender: inout RowAppender, _ pace: inout Pace
  ) throws(VectorError) {
    guard let vector = batch.vectors.row(item) else { return }
    try pace.spend(bytes: 100 + settings.dimensions * 4)
    let norm = RowNumbers.compute(vector, dimensions: settings.dimensions).norm
    try batch.metadata.withEntry(item) { metadata throws(VectorError) in
      try pace.spend(bytes: metadata.count)
      try appender.append(vector: vector, norm: norm, id: batch.ids[item], metadata: metadata)
    }
  }

  /// How many ids of the batch may need a new entry. Counted one by one only where a growing table is at stake.
  private func newIDs(
    _ batch: RecordBatch, count: Int, over base: Snapshot, _ pace: inout Pace
  ) throws(VectorError) -> Int {
    if base.table.hasRoom(for: count) { return count }
    var new = 0
    for item in 0..<batch.ids.count where batch.isWritten(item) {
      try pace.spend(bytes: 100 + batch.ids[item].count)
      if base.table.entry(of: batch.ids[item], in: base) == nil { new += 1 }
    }
    return new
  }
}
