import Support
import VectorModel

/// SQL with its bound values while it is put together.
struct PgvectorQuery {
  var sql = ""
  var parameters = PostgresParameters()

  /// A text value; its place in the SQL.
  mutating func bind(_ text: ByteString) -> String {
    parameters.text(text)
    return "$\(parameters.count)"
  }

  mutating func bind(_ text: UnsafeRawBufferPointer) -> String {
    parameters.text(text)
    return "$\(parameters.count)"
  }

  /// JSON as a `jsonb`.
  mutating func bind(json: ColumnBuffer<UInt8>) -> String {
    parameters.jsonb(json)
    return "$\(parameters.count)"
  }

  /// A row of floats as a vector, whose type the server takes from the cast.
  mutating func bind(vector row: UnsafeRawPointer, dimensions: Int, _ pgvector: PgvectorExtension) -> String {
    parameters.value(PostgresParameters.TypeNumber.unknown) { $0.append(vector: row, dimensions: dimensions) }
    return "$\(parameters.count)::\(pgvector.vector)"
  }

  /// Ids as an array of texts; NULL stands for one that no record can have.
  mutating func bind(_ ids: PackedStrings, _ range: Range<Int>, _ type: PgvectorIDType) -> String {
    parameters.textArray(range.count) { position in
      let id = ids[range.lowerBound + position]
      return type.holds(id) ? id : nil
    }
    return "$\(parameters.count)::text[]"
  }

  /// The condition that keeps a statement in its namespace, and " AND " behind it where more follows; empty for a table with one.
  ///
  /// `isSelective` lets the server look the namespace up in an index. Otherwise it takes it for what most rows have, as the
  /// default one is: unaware of that it would rather read the whole table than use the index over vectors.
  mutating func bind(
    namespace: ByteString, of table: PgvectorTable, isSelective: Bool = true, alias: String = ""
  ) throws(VectorError) -> String {
    guard let column = table.namespace else {
      try Self.check(namespace: namespace, of: table)
      return "TRUE"
    }
    let test = "\(alias)\(column) = \(bind(namespace))"
    return isSelective ? test : Self.unselective(test)
  }

  /// Errors: `unsupported` for a namespace the table cannot have.
  static func check(namespace: ByteString, of table: PgvectorTable) throws(VectorError) {
    guard table.namespace != nil || namespace.isEmpty else {
      throw VectorError(
        .unsupported,
        "backend \"pgvector\": the table \(quoted(table.name)) has one namespace; option \"namespace_column\" names the column of several"
      )
    }
  }

  /// A condition that the server takes for what most rows have.
  static func unselective(_ test: String) -> String { "CASE WHEN \(test) THEN TRUE ELSE FALSE END" }

  func statement(isRepeated: Bool = true) -> PostgresStatement {
    PostgresStatement(sql, parameters, isRepeated: isRepeated)
  }
}

extension PostgresParameters {
  /// An array of texts, nil = NULL.
  mutating func textArray(_ count: Int, _ item: (Int) -> UnsafeRawBufferPointer?) {
    array(TypeNumber.textArray, of: TypeNumber.text, count: count) { buffer in
      for position in 0..<count {
        guard let text = item(position) else {
          if !buffer.append(bigEndian: Int32(-1)) { return false }
          continue
        }
        guard buffer.append(bigEndian: UInt32(truncatingIfNeeded: text.count)), buffer.append(bytes: text) else {
          return false
        }
      }
      return true
    }
  }
}
