import Resilience
import Support
import VectorModel

/// Writes a batch as one transaction: all of it or nothing.
///
/// Few records go by INSERT … ON CONFLICT over arrays. Many of which none is there yet go by COPY, which the server takes about
/// twice as fast; where some are, or somebody else writes one at that moment, they go by INSERT too.
struct PgvectorUpsert {
  private let batch: RecordBatch
  private let namespace: ByteString
  private let table: PgvectorTable

  /// From how many records on looking whether some are there is worth its trip.
  static let copyFrom = 500
  /// Records, and bytes of them, that one statement carries.
  private static let chunkRecords = 5_000
  private static let chunkBytes = 2 << 20

  /// Errors: `unsupported`, `invalidID` for what the table cannot hold, naming the record.
  init(_ batch: RecordBatch, _ namespace: ByteString, _ table: PgvectorTable) throws(VectorError) {
    self.batch = batch
    self.namespace = namespace
    self.table = table
    try PgvectorQuery.check(namespace: namespace, of: table)
    for item in 0..<batch.ids.count {
      try table.idType.check(batch.ids[item], index: item)
      if table.metadata != nil, !batch.metadata.mayHoldNUL { continue }
      try batch.metadata.withEntry(item) { (entry) throws(VectorError) in
        try PgvectorMetadata.check(entry, index: item)
        guard table.metadata != nil || entry.isEmpty else {
          throw VectorError(
            .unsupported, "backend \"pgvector\": the table \(quoted(table.name)) has no column for metadata",
            index: item)
        }
      }
    }
  }

  func run(_ executor: PgvectorExecutor, _ context: CallContext) throws(VectorError) -> WriteOutcome {
    let outcome = executor.runBatch(.upsert, items: batch.ids.count, context) {
      (connection, attempt, _, _) throws(AttemptFailure) in
      // All of it again, where only some failed: the batch is one step, and writing a record twice leaves it once.
      try send(connection, PostgresWaiting(attempt: attempt, call: context))
    }
    return try WriteOutcome(outcome, of: .upsert, items: batch.ids.count, deleted: nil)
  }

  private func send(_ connection: PostgresConnection, _ waiting: PostgresWaiting) throws(AttemptFailure) {
    if batch.ids.count == 1 {
      let statement = try local { () throws(VectorError) in try single() }
      _ = try connection.run([statement], waiting, mayApply: true)
      return
    }
    if batch.recordCount >= Self.copyFrom, table.isCopyable {
      do throws(AttemptFailure) {
        if try copy(connection, waiting) { return }
      } catch {
        connection.rollBack()
        // Refused, for a record that appeared meanwhile, or because this table takes no COPY: INSERT says what is wrong.
        guard error.kind == .refused, !error.mayHaveApplied else { throw error }
      }
    }
    let chunks = chunks()
    _ = try connection.run(count: chunks.count, waiting, mayApply: true) { (index) throws(AttemptFailure) in
      try local { () throws(VectorError) in try insert(chunks[index]) }
    }
  }

  // MARK: INSERT

  private var columns: String {
    [table.namespace, table.id, table.vector, table.metadata].compactMap { $0 }.joined(separator: ", ")
  }

  private var onConflict: String {
    let key = [table.namespace, table.id].compactMap { $0 }.joined(separator: ", ")
    let changes = [table.vector, table.metadata].compactMap { $0 }.map { "\($0) = EXCLUDED.\($0)" }
    return "ON CONFLICT (\(key)) DO UPDATE SET \(changes.joined(separator: ", "))"
  }

  private func single() throws(VectorError) -> PostgresStatement {
    guard let row = batch.vectors.row(0) else { throw .postgresOutOfMemory }
    var query = PgvectorQuery()
    var values: [String] = []
    if table.namespace != nil { values.append(query.bind(namespace)) }
    values.append(table.idType.cast(query.bind(batch.ids[0]) + "::text"))
    values.append(query.bind(vector: row, dimensions: table.shape.dimensions, table.pgvector))
    if table.metadata != nil {
      query.parameters.value(PostgresParameters.TypeNumber.jsonb) { appendMetadata(0, to: $0) }
      values.append("$\(query.parameters.count)")
    }
    query.sql = "INSERT INTO \(table.qualified) (\(columns)) VALUES (\(values.joined(separator: ", "))) \(onConflict)"
    return query.statement()
  }

  /// Ranges of items, each for one statement.
  private func chunks() -> [Range<Int>] {
    var chunks: [Range<Int>] = []
    var start = 0
    var bytes = 0
    for item in 0..<batch.ids.count {
      let size = batch.ids[item].count + 4 * table.shape.dimensions + batch.metadata.withEntry(item) { 2 * $0.count }
      if item > start, bytes + size > Self.chunkBytes || item - start == Self.chunkRecords {
        chunks.append(start..<item)
        (start, bytes) = (item, 0)
      }
      bytes += size
    }
    chunks.append(start..<batch.ids.count)
    return chunks
  }

  private func insert(_ range: Range<Int>) throws(VectorError) -> PostgresStatement {
    let items = range.filter { batch.isWritten($0) }
    let ids = batch.ids
    var query = PgvectorQuery()
    var values: [String] = []
    var arrays: [String] = []
    if table.namespace != nil { values.append(query.bind(namespace)) }
    query.parameters.textArray(items.count) { ids[items[$0]] }
    arrays.append("$\(query.parameters.count)::text[]")
    values.append(table.idType.cast("u.id"))
    query.parameters.array(PostgresParameters.TypeNumber.unknown, of: table.pgvector.vectorType, count: items.count) {
      appendVectors(items, to: $0)
    }
    arrays.append("$\(query.parameters.count)::\(table.pgvector.vector)[]")
    values.append("u.vector")
    if table.metadata != nil {
      query.parameters.array(
        PostgresParameters.TypeNumber.jsonbArray, of: PostgresParameters.TypeNumber.jsonb, count: items.count
      ) { appendMetadata(items, to: $0) }
      arrays.append("$\(query.parameters.count)::jsonb[]")
      values.append("u.metadata")
    }
    query.sql = """
      INSERT INTO \(table.qualified) (\(columns)) SELECT \(values.joined(separator: ", ")) \
      FROM unnest(\(arrays.joined(separator: ", "))) AS u(id, vector\(table.metadata == nil ? "" : ", metadata")) \(onConflict)
      """
    return query.statement()
  }

  private func appendVectors(_ items: [Int], to buffer: ColumnBuffer<UInt8>) -> Bool {
    let dimensions = table.shape.dimensions
    let length = UInt32(truncatingIfNeeded: 4 + 4 * dimensions)
    guard buffer.reserve(items.count * (8 + 4 * dimensions)) else { return false }
    for item in items {
      guard let row = batch.vectors.row(item), buffer.append(bigEndian: length),
        buffer.append(vector: row, dimensions: dimensions)
      else { return false }
    }
    return true
  }

  private func appendMetadata(_ items: [Int], to buffer: ColumnBuffer<UInt8>) -> Bool {
    for item in items {
      if !appendMetadataField(item, to: buffer) { return false }
    }
    return true
  }

  /// Behind its length.
  private func appendMetadataField(_ item: Int, to buffer: ColumnBuffer<UInt8>) -> Bool {
    guard buffer.append(bigEndian: UInt32(0)) else { return false }
    let start = buffer.count
    guard appendMetadata(item, to: buffer) else { return false }
    buffer.setLength(before: start)
    return true
  }

  private func appendMetadata(_ item: Int, to buffer: ColumnBuffer<UInt8>) -> Bool {
    buffer.append(jsonbVersion) && batch.metadata.withEntry(item) { MetadataEncoding.appendJSON($0, to: buffer) }
  }

  // MARK: COPY

  /// Writes the batch where none of its records is there; false when one is, and then the transaction is over.
  private func copy(
    _ connection: PostgresConnection, _ waiting: PostgresWaiting
  ) throws(AttemptFailure) -> Bool {
    if try findsPresent(connection, waiting) {
      connection.rollBack()
      return false
    }
    let sql = "COPY \(table.qualified) (\(columns)) FROM STDIN (FORMAT binary)"
    var next = 0
    _ = try connection.copy(sql, waiting) { (buffer) throws(AttemptFailure) in
      try fill(buffer, from: &next)
    }
    _ = try connection.run([PostgresStatement("COMMIT")], waiting, mayApply: true)
    return true
  }

  /// Begins the transaction and looks for records of the batch in it; an empty namespace, at one look, has none.
  private func findsPresent(
    _ connection: PostgresConnection, _ waiting: PostgresWaiting
  ) throws(AttemptFailure) -> Bool {
    let some = try local { () throws(VectorError) in
      var query = PgvectorQuery()
      let scope = try query.bind(namespace: namespace, of: table)
      query.sql = "SELECT FROM \(table.qualified) WHERE \(scope) LIMIT 1"
      return query.statement()
    }
    let first = try connection.run([PostgresStatement("BEGIN"), some], waiting, mayApply: false)
    if first.last?.rows == 0 { return false }
    let chunk = 10_000
    let count = (batch.ids.count + chunk - 1) / chunk
    let answers = try connection.run(count: count, waiting, mayApply: false) { (index) throws(AttemptFailure) in
      try local { () throws(VectorError) in
        var query = PgvectorQuery()
        let scope = try query.bind(namespace: namespace, of: table)
        let ids = query.bind(batch.ids, index * chunk..<min((index + 1) * chunk, batch.ids.count), table.idType)
        query.sql = "SELECT FROM \(table.qualified) WHERE \(scope) AND \(table.id) = ANY(\(ids)) LIMIT 1"
        return query.statement()
      }
    }
    return answers.contains { $0.rows > 0 }
  }

  /// Appends the next rows in the binary form of COPY; whether there are more.
  private func fill(_ buffer: ColumnBuffer<UInt8>, from next: inout Int) throws(AttemptFailure) -> Bool {
    let outOfMemory = AttemptFailure(.refused, mayHaveApplied: false, cause: VectorError.postgresOutOfMemory)
    if next == 0, !appendCopyHeader(buffer) { throw outOfMemory }
    while next < batch.ids.count, buffer.count < 1 << 16 {
      let item = next
      next += 1
      guard batch.isWritten(item), let row = batch.vectors.row(item) else { continue }
      guard append(batch.ids[item], row, to: buffer), appendMetadataField(item, to: buffer) else { throw outOfMemory }
    }
    if next < batch.ids.count { return true }
    guard buffer.append(bigEndian: Int16(-1)) else { throw outOfMemory }
    return false
  }

  /// Appends the row's fields up to the metadata, all at one go; false when out of memory.
  private func append(
    _ id: UnsafeRawBufferPointer, _ row: UnsafeRawPointer, to buffer: ColumnBuffer<UInt8>
  ) -> Bool {
    let dimensions = table.shape.dimensions
    let hasNamespace = table.namespace != nil
    let vectorSize = 4 + 4 * dimensions
    let size = 2 + (hasNamespace ? 4 + namespace.count : 0) + 4 + id.count + 4 + vectorSize
    guard let start = buffer.extend(by: size) else { return false }
    var cursor = UnsafeMutableRawPointer(start)
    cursor.storeBytes(of: UInt16(hasNamespace ? 4 : 3).bigEndian, as: UInt16.self)
    cursor += 2
    if hasNamespace { cursor = namespace.bytes.withUnsafeBytes { Self.store($0, at: cursor) } }
    cursor = Self.store(id, at: cursor)
    cursor.storeBytes(of: UInt32(truncatingIfNeeded: vectorSize).bigEndian, as: UInt32.self)
    storeVector(row, dimensions: dimensions, at: cursor + 4)
    return true
  }

  /// Writes bytes behind their length; where the next ones go.
  private static func store(
    _ bytes: UnsafeRawBufferPointer, at target: UnsafeMutableRawPointer
  ) -> UnsafeMutableRawPointer {
    target.storeBytes(of: UInt32(truncatingIfNeeded: bytes.count).bigEndian, as: UInt32.self)
    if let source = bytes.baseAddress { (target + 4).copyMemory(from: source, byteCount: bytes.count) }
    return target + 4 + bytes.count
  }

  /// The signature, no flags, no extension.
  private func appendCopyHeader(_ buffer: ColumnBuffer<UInt8>) -> Bool {
    let signature: [UInt8] = Array("PGCOPY\n".utf8) + [0xff, 0x0d, 0x0a, 0x00]
    return signature.withUnsafeBytes { buffer.append(bytes: $0) } && buffer.append(bigEndian: UInt64(0))
  }
}
