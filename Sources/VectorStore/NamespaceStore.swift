import Support
import VectorModel

/// The records of one namespace: a snapshot that readers load without a lock, and one writer at a time that publishes the
/// next.
///
/// A write first puts new rows behind the published ones, which may fail and is then taken back; then, without anything that
/// can fail, it ends the old rows at the coming sequence number, changes the id table, and publishes. So a batch appears at
/// once or not at all.
package final class NamespaceStore: @unchecked Sendable {
  package let name: ByteString
  package let settings: StoreSettings
  private let writer = Lock(.namespace)
  private let cell: SnapshotCell<Snapshot>
  private let key = IDTable.HashKey()
  /// Full chunks more than half of whose rows have ended. The writer's.
  private var sparse: [UInt64] = []
  /// Whether the store was taken out of its table: writes belong to its successor. The writer's.
  private var isRetired = false

  /// nil when out of memory.
  package init?(_ name: ByteString = ByteString([]), settings: StoreSettings) {
    guard let table = IDTable(entries: 0, key: key) else { return nil }
    self.name = name
    self.settings = settings
    cell = SnapshotCell(Snapshot(sequence: 0, chunks: [], live: 0, newestSerial: 0, table: table))
  }

  /// What is stored now.
  package var snapshot: Snapshot { cell.load() }

  /// Bytes the stored records hold; a row that has ended counts until its chunk is compacted. Waits for the writer.
  var footprint: Int {
    writer.withLock {
      let snapshot = snapshot
      return snapshot.chunks.reduce(snapshot.table.footprint) { $0 + $1.chunk.footprint }
    }
  }

  /// Runs `body` on snapshots until it need not look again; the last time with the writer kept out.
  func reading<Result>(
    _ context: CallContext, _ body: (Snapshot) throws(VectorError) -> Result?
  ) throws(VectorError) -> Result {
    for _ in 0..<16 {
      if let result = try body(snapshot) { return result }
    }
    let last = try locked(context) { () throws(VectorError) in try body(snapshot) }
    guard let last else { throw VectorError(.internal, "the newest snapshot is outdated") }
    return last
  }

  /// Runs `body` as the one writer. nil when the store was retired.
  func writing<Result>(
    _ context: CallContext, _ body: (Snapshot) throws(VectorError) -> Result
  ) throws(VectorError) -> Result? {
    try locked(context) { () throws(VectorError) in
      if isRetired { return nil }
      if let interruption = context.interruption() { throw VectorError(interruption) }
      return try body(snapshot)
    }
  }

  /// Runs `body` with the writer's lock. Errors: `cancelled` and `timeout`, while it waits, and those of the body.
  private func locked<Result>(
    _ context: CallContext, _ body: () throws(VectorError) -> Result
  ) throws(VectorError) -> Result {
    switch try writer.withLock(bounds: context, body) {
    case .done(let result): return result
    case .interrupted(let interruption): throw VectorError(interruption)
    }
  }

  /// Retires the store if it is empty; whether it is retired now.
  func retireIfEmpty() -> Bool {
    writer.withLock {
      if snapshot.live == 0 { isRetired = true }
      return isRetired
    }
  }

  // MARK: Inside `writing`

  /// The table for a batch of `count` ids, `new` of which have no entry yet: the snapshot's own, or a new one when that is
  /// full. A new one drops the entries of deleted ids, so any id of the batch may need an entry in it.
  func table(
    of base: Snapshot, forNew new: Int, of count: Int, _ pace: inout Pace
  ) throws(VectorError) -> IDTable {
    if base.table.hasRoom(for: new) { return base.table }
    guard let table = try base.table.rebuilt(for: base, extra: count, &pace) else { throw .storeOutOfMemory }
    return table
  }

  /// Makes the appended rows the current ones of their ids and publishes them. Cannot fail: `table` has room.
  func commit(_ appended: RowAppender, over base: Snapshot, table: IDTable) {
    let sequence = base.sequence + 1
    var live = base.live
    appended.forEachRow { chunk, slot in
      let id = chunk.id(slot)
      let address = RowAddress(serial: chunk.serial, slot: slot)
      if let entry = table.entry(of: id, in: base) {
        if base.isLive(entry.row) { end(entry.row, in: base, at: sequence) } else { live += 1 }
        table.replace(entry, by: address)
      } else {
        table.insert(id, address)
        live += 1
      }
    }
    publish(
      Snapshot(
        sequence: sequence, chunks: appended.chunks, live: live, newestSerial: appended.newestSerial, table: table))
    noteSealed(appended.sealed)
    compact()
  }

  /// Ends rows of the snapshot, each once, and publishes their absence. Cannot fail.
  func commit(ending rows: some Sequence<RowInSnapshot>, of base: Snapshot) -> Int {
    let sequence = base.sequence + 1
    var ended = 0
    for row in rows where base.isLive(row) && base.chunks[row.chunk].chunk.end(row.slot) != sequence {
      end(row, in: base, at: sequence)
      ended += 1
    }
    if ended == 0 { return 0 }
    publish(
      Snapshot(
        sequence: sequence, chunks: base.chunks, live: base.live - ended, newestSerial: base.newestSerial,
        table: base.table))
    compact()
    return ended
  }

  /// Forgets everything.
  func clear(_ base: Snapshot) throws(VectorError) {
    guard let table = IDTable(entries: 0, key: key) else { throw .storeOutOfMemory }
    sparse = []
    publish(
      Snapshot(sequence: base.sequence + 1, chunks: [], live: 0, newestSerial: base.newestSerial, table: table))
  }

  private func publish(_ snapshot: Snapshot) { cell.publish(snapshot) }

  private func end(_ row: RowInSnapshot, in base: Snapshot, at sequence: UInt64) {
    let view = base.chunks[row.chunk]
    let ended = view.chunk.end(row.slot, at: sequence)
    // The row that tips the balance; the last chunk is looked at when it is full.
    if row.chunk < base.chunks.count - 1 || view.chunk.isFull(count: view.count), Self.tips(ended, of: view.count) {
      sparse.append(view.chunk.serial)
    }
  }

  /// Whether the `ended`-th ended row of `count` is the first beyond half of them.
  private static func tips(_ ended: Int, of count: Int) -> Bool { ended == count / 2 + 1 }

  private func noteSealed(_ chunks: [Chunk]) {
    let current = snapshot
    for chunk in chunks {
      guard let index = current.index(ofChunk: chunk.serial) else { continue }
      if Int(truncatingIfNeeded: chunk.ended.load()) > current.chunks[index].count / 2 { sparse.append(chunk.serial) }
    }
  }

  // MARK: Compaction

  /// Moves the live rows of sparse chunks to the end and drops those chunks. Out of memory, it leaves them for later.
  private func compact() {
    while let serial = sparse.last {
      guard move(snapshot, chunk: serial) else { return }
      sparse.removeLast()
    }
  }

  private func move(_ base: Snapshot, chunk serial: UInt64) -> Bool {
    guard let index = base.index(ofChunk: serial) else { return true }
    let view = base.chunks[index]
    var appender = RowAppender(behind: base, settings: settings)
    do throws(VectorError) {
      for slot in 0..<view.count where base.isLive(RowInSnapshot(chunk: index, slot: slot)) {
        try appender.append(copyOf: slot, in: view.chunk, metadata: view.chunk.metadata(slot))
      }
    } catch {
      appender.takeBack()
      return false
    }
    for slot in 0..<view.count {
      let row = RowInSnapshot(chunk: index, slot: slot)
      if base.isLive(row) { continue }
      if let entry = base.table.entry(of: view.chunk.id(slot), in: base), entry.row == row { base.table.forget(entry) }
    }
    appender.forEachRow { chunk, slot in
      guard let entry = base.table.entry(of: chunk.id(slot), in: base) else { return }
      base.table.replace(entry, by: RowAddress(serial: chunk.serial, slot: slot))
    }
    var chunks = appender.chunks
    chunks.remove(at: index)
    publish(
      Snapshot(
        sequence: base.sequence + 1, chunks: chunks, live: base.live, newestSerial: appender.newestSerial,
        table: base.table))
    noteSealed(appender.sealed)
    return true
  }
}
