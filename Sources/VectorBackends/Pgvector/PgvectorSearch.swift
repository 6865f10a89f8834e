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

  /// Errors: `invalidOption`, `unsupported` for a namespace the table cannot have.
  init(_ request: SearchRequest, _ namespace: ByteString, _ table: PgvectorTable) throws(VectorError) {
    try PgvectorQuery.check(namespace: namespace, of: table)
    self.request = request
    self.namespace = namespace
    self.table = table
    isExact = request.exact || table.index == nil
    let k = min(request.k, Int(Int32.max) - 1)
    fetched = request.excludedID == nil ? k : k + 1
    scan = try PgvectorScan(request, fetching: fetched)
  }

  /// The statement of one query: the vector is `$1`, the namespace of a table with several `$2`. Errors: `outOfMemory`.
  func statement(_ query: Int, exact: Bool) throws(VectorError) -> PostgresStatement {
    guard let row = request.queries.row(query) else { throw .postgresOutOfMemory }
    let dimensions = table.shape.dimensions
    var bound = PgvectorQuery()
    bound.parameters.reserve(2, bytes: 4 + 4 * dimensions + namespace.count)
    bound.parameters.value(PostgresParameters.TypeNumber.unknown) { $0.append(vector: row, dimensions: dimensions) }
    if table.namespace != nil { bound.parameters.text(namespace) }
    guard let filter = request.filter else {
      let form = PgvectorSearchTexts.Form(
        fetched: fetched, include: request.include.rawValue, isExact: exact, isSelective: isSelective(exact))
      let text = table.searches.text(form) { PostgresStatement.text(sql(exact: exact, filter: nil)) }
      return PostgresStatement(text: text, bound.parameters, isRepeated: true)
    }
    let condition = try PgvectorFilter(metadata: table.metadataInFilters).condition(filter.expression, &bound)
    bound.sql = sql(exact: exact, filter: condition)
    return bound.statement()
  }

  /// Whether the server may look the namespace up in an index instead of the index over vectors.
  private func isSelective(_ exact: Bool) -> Bool { exact || !namespace.isEmpty }

  private func sql(exact: Bool, filter: String?) -> String {
    let vector = "$1::\(table.pgvector.vector)"
    var conditions = ["TRUE"]
    if let column = table.namespace {
      let test = "\(column) = $2"
      conditions = [isSelective(exact) ? test : PgvectorQuery.unselective(test)]
    }
    if let filter { conditions.append(filter) }
    let distance = table.distance(to: vector)
    // An index is used for the bare operator alone.
    let order = exact ? "(\(distance)) + 0" : table.indexedDistance(to: vector)
    var chosen = [table.idText, distance]
    if request.include.contains(.metadata), let metadata = table.metadata { chosen.append(metadata) }
    if request.include.contains(.vectors) { chosen.append(table.vector) }
    return """
      SELECT \(chosen.joined(separator: ", ")) FROM \(table.qualified) WHERE \(conditions.joined(separator: " AND ")) \
      ORDER BY \(order) LIMIT \(fetched)
      """
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
    guard results.reserve(rows: min(answer.rows, request.k)) else { throw .resultOutOfMemory }
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
    var isOrdered = true
    for row in 0..<answer.rows {
      try pace.spend(bytes: 100)
      guard let told = answer.double(row, 1) else { throw .noRecord }
      // A vector of zeros has no direction; only others can have written it.
      if told.isNaN { continue }
      let distance = table.shape.metric == .cosine ? min(max(told, 0), 2) : told
      let hit = Hit(row: row, distance: Float(distance))
      if let last = hits.last, last.distance >= hit.distance { isOrdered = false }
      hits.append(hit)
    }
    // As the server ordered them, but for those that are equally far.
    if isOrdered { return hits }
    hits.sort { left, right in
      if left.distance != right.distance { return left.distance < right.distance }
      guard let one = answer.bytes(left.row, 0), let other = answer.bytes(right.row, 0) else { return false }
      return compareBytes(one, other) < 0
    }
    return hits
  }
}
