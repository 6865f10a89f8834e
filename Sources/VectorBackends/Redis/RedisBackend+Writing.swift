import Resilience
import Support
import VectorModel

extension RedisBackend {
  /// Records of one request, and its bytes: a request is an attempt with a timeout of its own.
  private static let sliceRecords = 2000
  private static let sliceBytes = 16 << 20
  /// Records of one transaction, and its bytes: few enough that the server, which begins with EXEC, is not waiting for most of
  /// them to arrive.
  private static let groupRecords = 100
  private static let groupBytes = 4 << 20

  package func upsert(
    _ batch: RecordBatch, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    let index = try writable()
    let writer = RedisRecordWriter(index, namespace)
    var pace = Pace(context)
    for item in 0..<batch.ids.count where batch.isWritten(item) {
      try batch.metadata.withEntry(item) { (entry) throws(VectorError) in
        try pace.spend(bytes: 16 + entry.count)
        writer.note(entry)
      }
    }
    try ensure(writer.columns, context)
    let outcome = try BatchSlices.run(batch.ids.count, end: { Self.end(of: batch, from: $0) }) {
      (slice) throws(VectorError) in
      try upsert(slice, of: batch, writer, context)
    }
    try batch.failSuperseded(in: outcome)
    return outcome.recounted(batch.ids.count)
  }

  /// Where the slice that begins at an item ends.
  private static func end(of batch: RecordBatch, from start: Int) -> Int {
    var bytes = 0
    var end = start
    while end < batch.ids.count, end - start < sliceRecords, bytes < sliceBytes {
      bytes += batch.vectors.dimensions * 4 + batch.metadata.withEntry(end) { $0.count }
      end += 1
    }
    return end
  }

  private func upsert(
    _ slice: Range<Int>, of batch: RecordBatch, _ writer: RedisRecordWriter, _ context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    let outcome = requests.runBatch(.upsert, items: slice.count, context) {
      connection, context, pending, answer throws(AttemptFailure) in
      let transactions = RedisTransactions()
      var commands = RedisCommands()
      var next = 0
      while next < pending.count {
        // The last one of an id is written; those before it share its fate.
        let (group, items) = Self.group(of: pending, from: &next, slice, batch)
        if group.isEmpty { continue }
        commands.command("MULTI")
        writer.delete(batch.ids, items, to: &commands)
        for item in items {
          guard let row = batch.vectors.row(item) else { throw RedisFailure.outOfMemory }
          let vector = UnsafeRawBufferPointer(start: row, count: batch.vectors.dimensions * 4)
          let isWritten = batch.metadata.withEntry(item) {
            writer.write(id: batch.ids[item], vector: vector, metadata: $0, to: &commands)
          }
          guard isWritten else { throw RedisFailure.outOfMemory }
        }
        try transactions.send(group, leading: 1, commandsEach: 1, &commands, connection, context)
      }
      try transactions.finish(connection, context)
      try transactions.report(to: answer)
    }
    return try WriteOutcome(outcome, of: .upsert, items: slice.count, deleted: nil)
  }

  /// The positions of one transaction among those pending from `next` on, and the items of the batch that they are.
  private static func group(
    of pending: PendingItems, from next: inout Int, _ slice: Range<Int>, _ batch: RecordBatch
  ) -> (positions: [Int], items: [Int]) {
    var (positions, items, bytes): ([Int], [Int], Int) = ([], [], 0)
    while next < pending.count, positions.count < groupRecords, bytes < groupBytes {
      let item = slice.lowerBound + pending[next]
      if batch.isWritten(item) {
        positions.append(next)
        items.append(item)
        bytes += batch.vectors.dimensions * 4 + batch.metadata.withEntry(item) { $0.count }
      }
      next += 1
    }
    return (positions, items)
  }
}

extension RecordBatch {
  /// An item that a later one of the same id replaces shares the fate of that one, also where that was not attempted. O(items).
  fileprivate func failSuperseded(in outcome: WriteOutcome) throws(VectorError) {
    guard let selection, let last = outcome.failures.items.elements.last else { return }
    let attempted = ids.count - outcome.notAttempted
    // Why each item failed, -1 where it did not.
    let reasons = ColumnBuffer<Int>()
    guard reasons.append(repeating: -1, count: attempted),
      reasons.append(repeating: last.reason, count: outcome.notAttempted),
      let base = reasons.base
    else { throw .resultOutOfMemory }
    for item in outcome.failures.items.elements where 0..<attempted ~= item.index { base[item.index] = item.reason }
    for item in (0..<attempted).reversed() where base[item] < 0 {
      guard let next = selection.next(after: item), base[next] >= 0 else { continue }
      base[item] = base[next]
      guard outcome.failures.add(item, reason: base[next]) else { throw .resultOutOfMemory }
    }
    withExtendedLifetime(reasons) {}
    outcome.failures.sort()
  }
}

extension WriteOutcome {
  /// With the applied ones counted anew, as those of `count` that neither failed nor were left out.
  fileprivate func recounted(_ count: Int) -> WriteOutcome {
    var outcome = self
    outcome.applied = max(0, count - failures.count - notAttempted)
    return outcome
  }
}
