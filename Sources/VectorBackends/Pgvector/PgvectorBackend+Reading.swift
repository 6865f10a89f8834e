import Resilience
import Support
import VectorModel

extension PgvectorBackend {
  /// Ids that one statement asks for.
  private static let idsAtOnce = 5_000

  package func get(
    ids: PackedStrings, include: Include, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    let table = try table()
    let results = try ResultColumns(kind: .get, dimensions: table.shape.dimensions, include: include)
    var pace = Pace(context)
    var first = 0
    while first < ids.count {
      let range = first..<min(first + Self.idsAtOnce, ids.count)
      let answer = try executor.ask(
        .get, context, [try getStatement(ids, range, include, namespace, table)]
      ).first
      guard let answer, answer.rows == range.count else { throw .noRecord }
      for row in 0..<answer.rows {
        let id = ids[first + row]
        let isFound = answer.bytes(row, 0) != nil
        guard results.found.append(isFound ? 1 : 0) else { throw .resultOutOfMemory }
        if isFound {
          try results.append(answer, row, from: 1, table, &pace)
        } else {
          try results.append(missing: id, &pace)
        }
      }
      first = range.upperBound
    }
    try results.endQuery()
    return results
  }

  /// The records in the order asked for, with a row of NULLs where there is none.
  private func getStatement(
    _ ids: PackedStrings, _ range: Range<Int>, _ include: Include, _ namespace: ByteString, _ table: PgvectorTable
  ) throws(VectorError) -> PostgresStatement {
    var query = PgvectorQuery()
    let scope = try query.bind(namespace: namespace, of: table, alias: "t.")
    let chosen = query.bind(ids, range, table.idType)
    var columns = [table.idType == .text ? "t.\(table.id)" : "t.\(table.id)::text"]
    if include.contains(.metadata), let metadata = table.metadata { columns.append("t.\(metadata)") }
    if include.contains(.vectors) { columns.append("t.\(table.vector)") }
    query.sql = """
      SELECT \(columns.joined(separator: ", ")) FROM unnest(\(chosen)) WITH ORDINALITY AS u(id, place) \
      LEFT JOIN \(table.qualified) t ON \(scope) AND t.\(table.id) = \(table.idType.cast("u.id")) ORDER BY u.place
      """
    return query.statement()
  }

  package func page(
    _ request: PageRequest, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    let table = try table()
    var query = PgvectorQuery()
    var conditions = [try query.bind(namespace: namespace, of: table)]
    if !request.token.isEmpty {
      let last = try PgvectorPageToken.read(request.token, table.idType)
      conditions.append("\(table.id) > \(table.idType.cast(query.bind(last) + "::text"))")
    }
    if let filter = request.filter {
      conditions.append(
        try PgvectorFilter(metadata: table.metadataInFilters).condition(filter.expression, &query))
    }
    var columns = [table.idText]
    if request.include.contains(.metadata), let metadata = table.metadata { columns.append(metadata) }
    if request.include.contains(.vectors) { columns.append(table.vector) }
    query.sql = """
      SELECT \(columns.joined(separator: ", ")) FROM \(table.qualified) WHERE \(conditions.joined(separator: " AND ")) \
      ORDER BY \(table.id) LIMIT \(request.limit + 1)
      """
    guard let answer = try executor.ask(.page, context, [query.statement()]).first else { throw .noRecord }
    let results = try ResultColumns(kind: .page, dimensions: table.shape.dimensions, include: request.include)
    var pace = Pace(context)
    let count = min(answer.rows, request.limit)
    for row in 0..<count { try results.append(answer, row, from: 1, table, &pace) }
    if answer.rows > request.limit, let last = answer.bytes(count - 1, 0) {
      try results.setNextPage(PgvectorPageToken.write(last))
    }
    try results.endQuery()
    return results
  }

  package func count(
    matching filter: Filter?, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> (count: UInt64, exact: Bool) {
    let table = try table()
    var query = PgvectorQuery()
    var conditions = [try query.bind(namespace: namespace, of: table)]
    if let filter {
      conditions.append(
        try PgvectorFilter(metadata: table.metadataInFilters).condition(filter.expression, &query))
    }
    query.sql = "SELECT count(*) FROM \(table.qualified) WHERE \(conditions.joined(separator: " AND "))"
    let answer = try executor.ask(.count, context, [query.statement()]).first
    guard let count = answer?.integer(0, 0), let number = UInt64(exactly: count) else { throw .noRecord }
    return (number, true)
  }
}

/// Where a page goes on: the last id of the one before, in hexadecimal digits behind a version.
enum PgvectorPageToken {
  private static let version = UInt8(ascii: "1")
  private static let digits = Array("0123456789abcdef".utf8)

  static func write(_ id: UnsafeRawBufferPointer) -> [UInt8] {
    [version] + id.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
  }

  /// Errors: `invalidArgument` for text that `write` never made.
  static func read(_ token: [UInt8], _ type: PgvectorIDType) throws(VectorError) -> ByteString {
    let foreign = VectorError(.invalidArgument, "the page token did not come from this database")
    guard token.first == version, token.count % 2 == 1, token.count > 1 else { throw foreign }
    var id: [UInt8] = []
    for at in stride(from: 1, to: token.count, by: 2) {
      guard let high = digits.firstIndex(of: token[at]), let low = digits.firstIndex(of: token[at + 1]) else {
        throw foreign
      }
      id.append(UInt8(truncatingIfNeeded: high << 4 | low))
    }
    let isID: Result<Void, VectorError> = id.withUnsafeBytes { bytes in
      do throws(VectorError) { return .success(try checkID(bytes)) } catch { return .failure(error) }
    }
    guard case .success = isID, id.withUnsafeBytes({ type.holds($0) }) else { throw foreign }
    return ByteString(id)
  }
}
