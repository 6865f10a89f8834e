import Resilience
import Support
import VectorModel

extension RedisBackend {
  /// Records that are looked at and changed in one transaction, and of one request.
  private static let recordsAtOnce = 100
  private static let sliceRecords = 1000
  /// How often a transaction is tried again whose records others keep changing.
  private static let tries = 12

  package func updateMetadata(
    ids: PackedStrings, changes: MetadataBatch, replace: Bool, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    let index = try writable()
    try checkPresent(ids, index, namespace, context)
    let writer = RedisRecordWriter(index, namespace)
    for item in 0..<ids.count { changes.withEntry(item) { writer.note($0) } }
    try ensure(writer.columns, context)
    let update = RedisMetadataUpdate(ids: ids, changes: changes, replaces: replace, namespace: namespace)
    return try BatchSlices.run(ids.count, end: { $0 + Self.sliceRecords }) { (slice) throws(VectorError) in
      let outcome = requests.runBatch(.updateMetadata, items: slice.count, context) {
        connection, context, pending, answer throws(AttemptFailure) in
        var start = 0
        while start < pending.count {
          let end = update.endOfDistinct(from: start, of: pending, slice, atMost: Self.recordsAtOnce)
          try self.update(Array(start..<end), slice, pending, update, connection, context, answer)
          start = end
        }
      }
      return try WriteOutcome(outcome, of: .updateMetadata, items: slice.count, deleted: nil)
    }
  }

  /// Refuses the whole batch when one of its records does not exist.
  private func checkPresent(
    _ ids: PackedStrings, _ index: RedisIndex, _ namespace: ByteString, _ context: CallContext
  ) throws(VectorError) {
    for start in stride(from: 0, to: ids.count, by: Self.sliceRecords) {
      var commands = RedisCommands()
      for item in start..<min(start + Self.sliceRecords, ids.count) {
        commands.begin(3)
        commands.add(word: "HEXISTS")
        commands.add(index.keys, namespace, ids[item])
        commands.add(RedisColumn.namespaceField)
      }
      let missing = try run(.updateMetadata, context) { connection, context throws(AttemptFailure) in
        var missing: Int?
        try connection.askAll(commands, context) { (number, reply) throws(AttemptFailure) in
          if reply.integer != 1, missing == nil { missing = start + number }
        }
        return missing
      }
      if let missing { throw RedisMetadataUpdate.notFound(ids[missing], index: missing) }
    }
  }

  /// Changes records whose ids differ: watched, read, and written unless somebody was faster; then all over again. Those that
  /// keep changing are in the end tried one by one.
  private func update(
    _ positions: [Int], _ slice: Range<Int>, _ pending: PendingItems, _ update: RedisMetadataUpdate,
    _ connection: RedisConnection, _ context: CallContext, _ answer: BatchAnswer
  ) throws(AttemptFailure) {
    let index: RedisIndex
    do throws(VectorError) { index = try state.opened } catch { throw AttemptFailure(reading: error) }
    var left = positions
    for attempt in 0..<Self.tries where !left.isEmpty {
      let size = attempt < Self.tries / 2 ? left.count : 1
      var conflicts: [Int] = []
      for start in stride(from: 0, to: left.count, by: size) {
        let group = left[start..<min(start + size, left.count)].map { ($0, slice.lowerBound + pending[$0]) }
        conflicts += try transact(group, index, update, connection, context, answer)
      }
      left = conflicts
    }
    guard !left.isEmpty else { return }
    let cause = answer.cause(VectorError(.conflict, "others keep changing the record: try again"))
    for position in left where !answer.fail(at: position, .conflicted, cause: cause) { throw RedisFailure.outOfMemory }
  }

  /// One try; the positions of records that others changed meanwhile.
  private func transact(
    _ group: [(position: Int, item: Int)], _ index: RedisIndex, _ update: RedisMetadataUpdate,
    _ connection: RedisConnection, _ context: CallContext, _ answer: BatchAnswer
  ) throws(AttemptFailure) -> [Int] {
    var reading = RedisCommands()
    reading.begin(1 + group.count)
    reading.add(word: "WATCH")
    for (_, item) in group { reading.add(index.keys, update.namespace, update.ids[item]) }
    for (_, item) in group {
      reading.begin(4)
      reading.add(word: "HMGET")
      reading.add(index.keys, update.namespace, update.ids[item])
      reading.add(RedisColumn.namespaceField)
      reading.add(RedisColumn.metaField)
    }
    let writer = RedisRecordWriter(index, update.namespace)
    var writing = RedisCommands()
    writing.command("MULTI")
    var written: [Int] = []
    var isNoted = true
    try connection.askAll(reading, context) { (number, reply) throws(AttemptFailure) in
      // The first reply is that of WATCH.
      guard number > 0 else { return }
      let (position, item) = group[number - 1]
      do throws(VectorError) {
        try update.write(item, reply, index, writer, to: &writing)
        written.append(position)
      } catch {
        isNoted = isNoted && answer.fail(at: position, .refused, cause: answer.cause(error))
      }
    }
    guard isNoted else { throw RedisFailure.outOfMemory }
    if written.isEmpty {
      var ending = RedisCommands()
      ending.command("UNWATCH")
      try connection.askAll(ending, context) { (_, _) throws(AttemptFailure) in }
      return []
    }
    let transaction = RedisTransactions()
    try transaction.send(written, commandsEach: 2, &writing, connection, context)
    try transaction.finish(connection, context)
    try transaction.report(to: answer)
    return transaction.conflicts
  }
}

/// What is to become of the metadata of some records.
struct RedisMetadataUpdate {
  let ids: PackedStrings
  let changes: MetadataBatch
  let replaces: Bool
  let namespace: ByteString

  /// A field that no record has: what to delete where there is nothing.
  private static let noField: ByteString = "_vdb_none"

  /// Where a run of pending items ends in which no id repeats: changes of one record apply one after the other.
  func endOfDistinct(from start: Int, of pending: PendingItems, _ slice: Range<Int>, atMost count: Int) -> Int {
    var seen: Set<ByteString> = []
    var end = start
    while end < pending.count, end - start < count {
      guard seen.insert(ByteString(ids[slice.lowerBound + pending[end]])).inserted else { break }
      end += 1
    }
    return max(end, start + 1)
  }

  /// Writes a record's new metadata as two commands. Errors: `notFound`, `tooLarge`, `corrupt`, `outOfMemory`; then nothing was
  /// written.
  func write(
    _ item: Int, _ reply: RedisReply, _ index: RedisIndex, _ writer: RedisRecordWriter,
    to commands: inout RedisCommands
  ) throws(VectorError) {
    var values = reply.elements
    guard values.next()?.bytes != nil else { throw Self.notFound(ids[item], index: item) }
    let old = try Self.parse(values.next()?.bytes, ids[item])
    let merged = ColumnBuffer<UInt8>()
    try old.withEntry(0) { (before) throws(VectorError) in
      try changes.withEntry(item) { (change) throws(VectorError) in
        try MetadataEncoding.merge(
          base: replaces ? UnsafeRawBufferPointer(start: nil, count: 0) : before, patch: change, into: merged)
      }
    }
    let new = UnsafeRawBufferPointer(merged.elements)
    let before = RedisRecordWriter(index, namespace)
    old.withEntry(0) { before.note($0) }
    let after = RedisRecordWriter(index, namespace)
    after.note(new)
    let kept = Set(after.columns)
    let stale = before.columns.filter { !kept.contains($0) }.map(\.field)
    commands.begin(2 + max(stale.count, 1))
    commands.add(word: "HDEL")
    commands.add(index.keys, namespace, ids[item])
    for field in stale.isEmpty ? [Self.noField] : stale { commands.add(field) }
    writer.note(new)
    commands.begin(4 + 2 * writer.columnCount(new))
    commands.add(word: "HSET")
    commands.add(index.keys, namespace, ids[item])
    guard writer.append(new, to: &commands) else { throw .resultOutOfMemory }
    withExtendedLifetime(merged) {}
  }

  private static func parse(
    _ blob: UnsafeRawBufferPointer?, _ id: UnsafeRawBufferPointer
  ) throws(VectorError) -> MetadataBatch {
    guard let blob else { return MetadataBatch(emptyCount: 1) }
    do throws(VectorError) { return try MetadataBatch.parse(blob: blob) } catch {
      throw VectorError(
        error.status == .outOfMemory ? .outOfMemory : .corrupt, "record \(quoted(id)): \(error.message)")
    }
  }

  static func notFound(_ id: UnsafeRawBufferPointer, index: Int) -> VectorError {
    var error = VectorError(.notFound, "there is no record \(quoted(id))", index: index)
    error.details = VectorError.RemoteDetails(applied: .no)
    return error
  }
}

extension MetadataBatch {
  /// The metadata of one record from its JSON.
  static func parse(blob: UnsafeRawBufferPointer) throws(VectorError) -> MetadataBatch {
    let text = ColumnBuffer<UInt8>()
    guard text.append(UInt8(ascii: "[")), text.append(bytes: blob), text.append(UInt8(ascii: "]")) else {
      throw .resultOutOfMemory
    }
    defer { withExtendedLifetime(text) {} }
    return try parse(json: UnsafeRawBufferPointer(text.elements), count: 1, patches: false)
  }
}
