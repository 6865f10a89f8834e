import Resilience
import Support
import VectorModel

/// A table of Postgres with a column of vectors. What its operations mean is told in files of their own beside this one.
package final class PgvectorBackend: VectorBackend {
  let settings: PgvectorSettings
  let executor: PgvectorExecutor
  private let lock = Lock(.leaf)
  /// Under the lock: nil until it was opened.
  nonisolated(unsafe) private var known: PgvectorTable?

  package init(_ settings: PgvectorSettings, _ executor: PgvectorExecutor) {
    self.settings = settings
    self.executor = executor
  }

  package let capabilities = Capabilities(
    backend: "pgvector", maxTopK: nil, maxDimensions: PgvectorCreation.maxDimensions, vectorsUnchanged: true,
    atomicBatch: true, metadataUpdate: .atomic, readYourWrites: .strong, filteredCount: true,
    filterOperators: Filter.operators, metrics: Metric.allCases.map(\.rawValue), indexes: ["flat", "hnsw", "ivf"])

  package let searchOptions = PgvectorScan.options

  /// The table as it is known. Errors: `internal` before it was opened.
  func table() throws(VectorError) -> PgvectorTable {
    guard let table = lock.withLock({ known }) else {
      throw VectorError(.internal, "the table was not opened before it was used")
    }
    return table
  }

  /// Takes what was learnt of the table.
  func learn(_ table: PgvectorTable) { lock.withLock { known = table } }

  // MARK: Writing

  package func upsert(
    _ batch: RecordBatch, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    try PgvectorUpsert(batch, namespace, table()).run(executor, context)
  }

  package func updateMetadata(
    ids: PackedStrings, changes: MetadataBatch, replace: Bool, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    guard ids.count > 0 else { return WriteOutcome(applied: 0) }
    let update = try PgvectorMetadataUpdate(ids, changes, replace: replace, namespace, table(), context)
    return try update.run(executor, context)
  }

  package func delete(
    ids: PackedStrings, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    let table = try table()
    guard ids.count > 0 else { return WriteOutcome(applied: 0, deleted: 0) }
    var query = PgvectorQuery()
    let scope = try query.bind(namespace: namespace, of: table)
    let chosen = query.bind(ids, 0..<ids.count, table.idType)
    query.sql = "DELETE FROM \(table.qualified) WHERE \(scope) AND \(table.id) = ANY(\(table.idType.castArray(chosen)))"
    let deleted = try executor.ask(.delete, context, [query.statement()]).first?.affected
    return WriteOutcome(applied: ids.count, deleted: deleted)
  }

  package func delete(
    matching filter: Filter, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    let table = try table()
    var query = PgvectorQuery()
    let scope = try query.bind(namespace: namespace, of: table)
    let condition = try PgvectorFilter(metadata: table.metadataInFilters).condition(filter.expression, &query)
    query.sql = "DELETE FROM \(table.qualified) WHERE \(scope) AND \(condition)"
    let deleted = try executor.ask(.deleteWhere, context, [query.statement()]).first?.affected
    return WriteOutcome(applied: deleted ?? 0, deleted: deleted)
  }

  package func clear(namespace: ByteString, context: CallContext) throws(VectorError) {
    let table = try table()
    var query = PgvectorQuery()
    let scope = try query.bind(namespace: namespace, of: table)
    query.sql = "DELETE FROM \(table.qualified) WHERE \(scope)"
    _ = try executor.ask(.clear, context, [query.statement(isRepeated: false)])
  }

  package func drop(context: CallContext) throws(VectorError) {
    do throws(VectorError) {
      _ = try executor.ask(.drop, context, [PostgresStatement("DROP TABLE \(table().qualified)")])
    } catch {
      // An attempt that nobody heard of got through.
      guard error.status == .notFound, let attempts = error.details?.attempts, attempts > 1 else { throw error }
    }
  }

  // MARK: Asking

  /// Nothing to wait for: what was answered is durable and visible.
  package func flush(context: CallContext) throws(VectorError) {
    _ = try executor.ask(.flush, context, [PostgresStatement("SELECT FROM \(table().qualified) LIMIT 0")])
  }

  package func probe(context: CallContext) throws(VectorError) {
    _ = try executor.ask(.probe, context, [PostgresStatement("SELECT 1")])
  }

  /// Tables of the same schema that have a column of vectors.
  package func collections(context: CallContext) throws(VectorError) -> [ByteString] {
    var query = PgvectorQuery()
    let schema = query.bind(ByteString(try table().schema))
    query.sql = """
      SELECT DISTINCT c.relname::text FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_catalog.pg_type t ON t.oid = a.atttypid AND t.typname = 'vector'
      WHERE n.nspname = \(schema) AND c.relkind IN ('r', 'p')
      """
    return try names(executor.ask(.collections, context, [query.statement()]))
  }

  /// Walks from one namespace to the next by the index, however many records each has.
  package func namespaces(context: CallContext) throws(VectorError) -> [ByteString] {
    let table = try table()
    guard let column = table.namespace else {
      let some = PostgresStatement("SELECT FROM \(table.qualified) LIMIT 1")
      return try executor.ask(.namespaces, context, [some]).first?.rows == 0 ? [] : [ByteString([])]
    }
    let statement = PostgresStatement(
      """
      WITH RECURSIVE names AS (
      (SELECT \(column) AS name FROM \(table.qualified) WHERE \(column) IS NOT NULL ORDER BY \(column) LIMIT 1) UNION ALL
      SELECT (SELECT t.\(column) FROM \(table.qualified) t WHERE t.\(column) > names.name ORDER BY t.\(column) LIMIT 1)
      FROM names WHERE names.name IS NOT NULL)
      SELECT name::text FROM names WHERE name IS NOT NULL
      """, isRepeated: true)
    return try names(executor.ask(.namespaces, context, [statement]))
  }

  private func names(_ answers: [PostgresResult]) throws(VectorError) -> [ByteString] {
    guard let answer = answers.first else { return [] }
    var names: [ByteString] = []
    for row in 0..<answer.rows {
      if let name = answer.text(row, 0) { names.append(name) }
    }
    return names.sorted()
  }
}

extension PgvectorIDType {
  /// SQL that turns an array of texts into one of the column's type.
  func castArray(_ texts: String) -> String { self == .text ? texts : "(\(texts))::\(rawValue)[]" }
}
