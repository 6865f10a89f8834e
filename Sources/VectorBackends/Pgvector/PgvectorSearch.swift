import Support
import VectorModel

/// A search in SQL, and its hits on the way back.
struct PgvectorSearch {
  let table: PgvectorTable
  let scan: PgvectorScan
  /// Whether every record is compared.
  let isExact: Bool
  /// Rows a query asks for.
  let fetched: Int
  private let request: SearchRequest
  private let namespace: ByteString

  /// Errors: `invalidOption`.
  init(_ request: SearchRequest, _ namespace: ByteString, _ table: PgvectorTable) throws(VectorError) {
    self.request = request
    self.namespace = namespace
    self.table = table
    isExact = request.exact || table.index == nil
    let k = min(request.k, Int(Int32.max) - 1)
    fetched = request.excludedID == nil ? k : k + 1
    scan = try PgvectorScan(request, fetching: fetched)
  }

  /// Errors: `unsupported` for a namespace the table cannot have, `outOfMemory`.
  func statement(_ query: Int, exact: Bool) throws(VectorError) -> PostgresStatement {
    var sql = PgvectorQuery()
    guard let row = request.queries.row(query) else { throw .postgresOutOfMemory }
    let vector = sql.bind(vector: row, dimensions: table.shape.dimensions, table.pgvector)
    let scope = try sql.bind(namespace: namespace, of: table, isSelective: exact || !namespace.isEmpty)
    var conditions = [scope]
    if let filter = request.filter {
      conditions.append(try PgvectorFilter(metadata: table.metadataInFilters).condition(filter.expression, &sql))
    }
    let distance = table.distance(to: vector)
    // An index is used for the bare operator alone.
    let order = exact ? "(\(distance)) + 0" : table.indexedDistance(to: vector)
    var chosen = [table.idText, distance]
    if request.include.contains(.metadata), let metadata = table.metadata { chosen.append(metadata) }
    if request.include.contains(.vectors) { chosen.append(table.vector) }
    sql.sql = """
      SELECT \(chosen.joined(separator: ", ")) FROM \(table.qualified) WHERE \(conditions.joined(separator: " AND ")) \
      ORDER BY \(order) LIMIT \(fetched)
      """
    return sql.statement()
  }

  // MARK: Hits

  private struct Hit {
    let row: Int
    let distance: Float
  }

  /// Appends the hits of one query, nearest first, ties by id. Errors: `protocolViolation` for an answer that is none,
  /// `outOfMemory`, `cancelled`, `timeout`.
  func append(
    _ answer: PostgresResult, _ query: Int, to results: ResultColumns, _ pace: inout Pace
  ) throws(VectorError) {
    let metric = table.shape.metric
    var left = request.k
    for hit in try hits(answer, &pace) {
      guard let id = answer.bytes(hit.row, 0) else { throw .noRecord }
      if let excluded = request.excludedID, excluded.bytes.elementsEqual(id) { continue }
      let score = metric.score(distance: hit.distance)
      if left == 0 { break }
      if let most = request.maxDistance, Double(hit.distance) > most { break }
      if let least = request.minScore, Double(score) < least { break }
      left -= 1
      guard results.distances.append(hit.distance), results.scores.append(score) else { throw .resultOutOfMemory }
      try results.append(answer, hit.row, from: 2, table, &pace)
    }
    try results.endQuery()
  }

  private func hits(_ answer: PostgresResult, _ pace: inout Pace) throws(VectorError) -> [Hit] {
    var hits: [Hit] = []
    hits.reserveCapacity(answer.rows)
    for row in 0..<answer.rows {
      try pace.spend(bytes: 100)
      guard let told = answer.double(row, 1) else { throw .noRecord }
      // A vector of zeros has no direction; only others can have written it.
      if told.isNaN { continue }
      let distance = table.shape.metric == .cosine ? min(max(told, 0), 2) : told
      hits.append(Hit(row: row, distance: Float(distance)))
    }
    hits.sort { left, right in
      if left.distance != right.distance { return left.distance < right.distance }
      guard let one = answer.bytes(left.row, 0), let other = answer.bytes(right.row, 0) else { return false }
      return compareBytes(one, other) < 0
    }
    return hits
  }
}
