import Resilience
import Support
import VectorModel

/// Changes the metadata of records where it is, in one transaction: merges by `||` and `-`, or replaces. A missing record ends it
/// without a change.
struct PgvectorMetadataUpdate {
  private let ids: PackedStrings
  private let changes: MetadataBatch
  private let replace: Bool
  private let namespace: ByteString
  private let table: PgvectorTable
  /// Which items each statement carries: a record comes once in each, later changes in later ones.
  private let rounds: [[Int]]

  /// Errors: `unsupported` for what the table cannot hold, `notFound` for ids it never has; `cancelled`, `timeout`.
  init(
    _ ids: PackedStrings, _ changes: MetadataBatch, replace: Bool, _ namespace: ByteString, _ table: PgvectorTable,
    _ context: CallContext
  ) throws(VectorError) {
    guard table.metadata != nil else {
      throw VectorError(
        .unsupported, "backend \"pgvector\": the table \(quoted(table.name)) has no column for metadata", index: 0)
    }
    self.ids = ids
    self.changes = changes
    self.replace = replace
    self.namespace = namespace
    self.table = table
    for item in 0..<ids.count {
      guard table.idType.holds(ids[item]) else { throw Self.notFound(ids, item) }
      try changes.withEntry(item) { (entry) throws(VectorError) in try PgvectorMetadata.check(entry, index: item) }
    }
    rounds = Self.rounds(ids.count, try RepeatedIDs(ids, context: context), replace: replace)
  }

  func run(_ executor: PgvectorExecutor, _ context: CallContext) throws(VectorError) -> WriteOutcome {
    let deleted: Int? = nil
    do throws(RequestFailure) {
      try executor.run(.updateMetadata, context) { (connection, attempt) throws(AttemptFailure) in
        try send(connection, PostgresWaiting(attempt: attempt, call: context))
      }
    } catch {
      throw Self.named(VectorError(error, of: .updateMetadata), ids)
    }
    return WriteOutcome(applied: ids.count, deleted: deleted)
  }

  private func send(_ connection: PostgresConnection, _ waiting: PostgresWaiting) throws(AttemptFailure) {
    if ids.count == 1 {
      let statement = try local { () throws(VectorError) in try update([0]) }
      let answers = try connection.run([statement], waiting, mayApply: true)
      if answers.first?.affected == 0 { throw AttemptFailure(local: Self.notFound(ids, 0)) }
      return
    }
    do throws(AttemptFailure) {
      let begin = try local { () throws(VectorError) in
        [PostgresStatement("BEGIN"), try lockAll(), try missing()]
      }
      let answers = try connection.run(begin, waiting, mayApply: false)
      if answers.count == 3, let place = answers[2].integer(0, 0), let item = Int(exactly: place - 1) {
        throw AttemptFailure(local: Self.notFound(ids, item))
      }
      // The last one ends the transaction.
      _ = try connection.run(count: rounds.count + 1, waiting, mayApply: true) { (index) throws(AttemptFailure) in
        if index == rounds.count { return PostgresStatement("COMMIT") }
        return try local { () throws(VectorError) in try update(rounds[index]) }
      }
    } catch {
      connection.rollBack()
      throw error
    }
  }

  /// Keeps all records as they are until the end, always in the same order, so that two batches do not wait for each other.
  private func lockAll() throws(VectorError) -> PostgresStatement {
    var query = PgvectorQuery()
    let scope = try query.bind(namespace: namespace, of: table)
    let chosen = table.idType.castArray(query.bind(ids, 0..<ids.count, table.idType))
    query.sql =
      "SELECT FROM \(table.qualified) WHERE \(scope) AND \(table.id) = ANY(\(chosen)) ORDER BY \(table.id) FOR UPDATE"
    return query.statement()
  }

  /// The place of the first id that has no record, from 1 on.
  private func missing() throws(VectorError) -> PostgresStatement {
    var query = PgvectorQuery()
    let scope = try query.bind(namespace: namespace, of: table, alias: "t.")
    let chosen = query.bind(ids, 0..<ids.count, table.idType)
    query.sql = """
      SELECT u.place FROM unnest(\(chosen)) WITH ORDINALITY AS u(id, place) WHERE NOT EXISTS \
      (SELECT FROM \(table.qualified) t WHERE \(scope) AND t.\(table.id) = \(table.idType.cast("u.id"))) \
      ORDER BY u.place LIMIT 1
      """
    return query.statement()
  }

  private func update(_ items: [Int]) throws(VectorError) -> PostgresStatement {
    let metadata = table.metadata ?? ""
    var query = PgvectorQuery()
    let scope = try query.bind(namespace: namespace, of: table, alias: "t.")
    query.parameters.textArray(items.count) { ids[items[$0]] }
    let chosen = "$\(query.parameters.count)::text[]"
    query.parameters.objects(items, changes, removals: false)
    let values = "$\(query.parameters.count)::jsonb[]"
    var arrays = [chosen, values]
    var after = "u.changes"
    if !replace {
      query.parameters.objects(items, changes, removals: true)
      arrays.append("$\(query.parameters.count)::jsonb[]")
      let removed = "ARRAY(SELECT jsonb_array_elements_text(u.removals))"
      after = "((COALESCE(t.\(metadata), '{}'::jsonb) || u.changes) - \(removed))"
    }
    // What would be too large fails as text that is no JSON: that ends the transaction in the same trip.
    let size = "octet_length((\(after))::text)"
    query.sql = """
      UPDATE \(table.qualified) t SET \(metadata) = \
      CASE WHEN \(size) <= \(MetadataEncoding.maxBytes) THEN \(after) ELSE (\(size)::text || ' bytes')::jsonb END \
      FROM unnest(\(arrays.joined(separator: ", "))) AS u(id, changes\(replace ? "" : ", removals")) \
      WHERE \(scope) AND t.\(table.id) = \(table.idType.cast("u.id"))
      """
    return query.statement()
  }

  /// Merges of one record come one after the other; of replacements the last one counts.
  private static func rounds(_ count: Int, _ repeated: RepeatedIDs?, replace: Bool) -> [[Int]] {
    guard let repeated else { return [Array(0..<count)] }
    if replace { return [(0..<count).filter { repeated.next(after: $0) == nil }] }
    var rounds: [[Int]] = []
    for first in 0..<count where repeated.isFirst(first) {
      var round = 0
      var item: Int? = first
      while let current = item {
        if rounds.count == round { rounds.append([]) }
        rounds[round].append(current)
        round += 1
        item = repeated.next(after: current)
      }
    }
    return rounds
  }

  private static func notFound(_ ids: PackedStrings, _ item: Int) -> VectorError {
    let id = item >= 0 && item < ids.count ? ids[item] : UnsafeRawBufferPointer(start: nil, count: 0)
    return VectorError(.notFound, "there is no record \(quoted(id))", index: item)
  }

  /// Says what the text that is no JSON means.
  private static func named(_ error: VectorError, _ ids: PackedStrings) -> VectorError {
    guard error.status == .backend, error.message.hasSuffix("(SQLSTATE 22P02)") else { return error }
    var named = VectorError(
      .tooLarge, "metadata would grow beyond \(MetadataEncoding.maxBytes) bytes, which is the most a record holds",
      index: ids.count == 1 ? 0 : nil)
    named.details = error.details
    return named
  }
}

extension PostgresParameters {
  /// For each item the object of its changes, or the list of keys that it takes away, as an array of `jsonb`.
  fileprivate mutating func objects(_ items: [Int], _ changes: MetadataBatch, removals: Bool) {
    array(TypeNumber.jsonbArray, of: TypeNumber.jsonb, count: items.count) { buffer in
      for item in items {
        guard buffer.append(bigEndian: UInt32(0)) else { return false }
        let start = buffer.count
        guard buffer.append(jsonbVersion) else { return false }
        let isWritten = changes.withEntry(item) { entry in
          removals ? appendRemovals(entry, to: buffer) : appendChanges(entry, to: buffer)
        }
        if !isWritten { return false }
        buffer.setLength(before: start)
      }
      return true
    }
  }
}

private func appendRemovals(_ entry: UnsafeRawBufferPointer, to buffer: ColumnBuffer<UInt8>) -> Bool {
  var json = JSONWriter(buffer)
  json.beginArray()
  for field in MetadataEncoding.fields(of: entry) {
    if case .remove = field.value { json.string(field.key) }
  }
  json.endArray()
  return !json.failed
}

/// Keys to remove are written as null: they are taken away right after.
private func appendChanges(_ entry: UnsafeRawBufferPointer, to buffer: ColumnBuffer<UInt8>) -> Bool {
  MetadataEncoding.appendJSON(entry, to: buffer)
}
