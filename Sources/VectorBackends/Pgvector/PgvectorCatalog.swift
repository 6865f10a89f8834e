import Support
import VectorModel

/// What Postgres's catalog says of a table, read in one trip without any right but to connect.
struct PgvectorCatalog {
  struct Column {
    let type: ByteString
    /// -1 where it says nothing; the dimensions of a vector.
    let modifier: Int
  }

  /// nil: there is no such table.
  private(set) var table: (schema: String, name: String, comment: ByteString?)?
  /// nil: the extension is not there.
  private(set) var pgvector: PgvectorExtension?
  private(set) var columns: [ByteString: Column] = [:]
  /// The valid approximate indexes over the vector column.
  private(set) var indexes: [PgvectorIndex] = []
  /// Names of approximate indexes over the vector column that no search uses: being built, or left by a build that was interrupted.
  private(set) var unfinished: [String] = []

  /// What is asked for a table: its name as SQL would write it, and its vector column.
  static func statements(_ table: String, vectorColumn: ByteString) -> [PostgresStatement] {
    var name = PostgresParameters()
    name.text(ByteString(table))
    var nameAndColumn = PostgresParameters()
    nameAndColumn.text(ByteString(table))
    nameAndColumn.text(vectorColumn)
    return [
      PostgresStatement(
        """
        SELECT n.nspname::text, c.relname::text, pg_catalog.obj_description(c.oid, 'pg_class')
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.oid = pg_catalog.to_regclass($1)
        """, name),
      PostgresStatement(
        """
        SELECT n.nspname::text, e.extversion::text, t.oid
        FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
        JOIN pg_catalog.pg_type t ON t.typnamespace = e.extnamespace AND t.typname = 'vector'
        WHERE e.extname = 'vector'
        """),
      PostgresStatement(
        """
        SELECT a.attname::text, t.typname::text, a.atttypmod
        FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
        WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
        """, name),
      PostgresStatement(
        """
        SELECT m.amname::text, o.opcname::text, coalesce(pg_catalog.array_to_string(x.reloptions, ','), ''),
        CASE WHEN NOT i.indisvalid THEN x.relname::text END
        FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
        JOIN pg_catalog.pg_am m ON m.oid = x.relam JOIN pg_catalog.pg_opclass o ON o.oid = i.indclass[0]
        LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = pg_catalog.to_regclass($1) AND i.indpred IS NULL AND m.amname IN ('hnsw', 'ivfflat')
        AND (i.indisvalid OR x.relkind = 'i') AND (a.attname = $2 OR pg_catalog.strpos(pg_catalog.pg_get_expr(i.indexprs, i.indrelid), $2) > 0)
        """, nameAndColumn),
    ]
  }

  /// Reads the answers to `statements`, in their order. What is not as it should be is left out.
  init(_ answers: [PostgresResult]) {
    guard answers.count == 4 else { return }
    if let schema = answers[0].text(0, 0), let name = answers[0].text(0, 1) {
      table = (schema.text, name.text, answers[0].text(0, 2))
    }
    if let schema = answers[1].text(0, 0), let version = answers[1].text(0, 1), let type = answers[1].oid(0, 2) {
      let numbers = version.text.utf8.split(separator: UInt8(ascii: ".")).map {
        Int(String(decoding: $0, as: UTF8.self))
      }
      pgvector = PgvectorExtension(
        schema: quotedIdentifier(schema.text), major: (numbers.first ?? nil) ?? 0,
        minor: numbers.count > 1 ? numbers[1] ?? 0 : 0, vectorType: type)
    }
    for row in 0..<answers[2].rows {
      guard let name = answers[2].text(row, 0), let type = answers[2].text(row, 1),
        let modifier = answers[2].integer(row, 2)
      else { continue }
      columns[name] = Column(type: type, modifier: Int(modifier))
    }
    for row in 0..<answers[3].rows {
      if let name = answers[3].text(row, 3) {
        unfinished.append(name.text)
      } else if let index = Self.index(answers[3], row) {
        indexes.append(index)
      }
    }
  }

  private static func index(_ answer: PostgresResult, _ row: Int) -> PgvectorIndex? {
    guard let method = answer.text(row, 0), let operators = answer.text(row, 1)?.text else { return nil }
    let isHalf = operators.hasPrefix("halfvec_")
    let metrics: [(String, Metric)] = [("l2", .l2), ("ip", .dot), ("cosine", .cosine)]
    let type = isHalf ? "halfvec" : "vector"
    guard let metric = metrics.first(where: { operators == "\(type)_\($0.0)_ops" })?.1 else { return nil }
    var lists = 100
    for option in (answer.text(row, 2)?.bytes ?? []).split(separator: UInt8(ascii: ",")) {
      let pair = option.split(separator: UInt8(ascii: "=")).map { String(decoding: $0, as: UTF8.self) }
      if pair.count == 2, pair[0] == "lists", let number = Int(pair[1]) { lists = number }
    }
    return PgvectorIndex(
      kind: method == "hnsw" ? .hnsw : .ivf, metric: metric, isHalf: isHalf, lists: max(1, lists))
  }

  /// The comment on tables that were created here begins with this, and tells the metric.
  static let comment = "libvectordb: metric="

  /// The metric of the table, nil where nothing says it, or several do and not with one voice.
  func metric(asked: Metric?) -> Metric? {
    if let comment = table?.comment?.text, comment.hasPrefix(Self.comment) {
      for metric in Metric.allCases where comment == Self.comment + metric.rawValue { return metric }
    }
    let found = Set(indexes.map(\.metric))
    if let asked, found.contains(asked) { return asked }
    return found.count == 1 ? found.first : nil
  }
}
