import Resilience
import Support
import VectorModel

extension PgvectorBackend {
  /// Queries that go in one trip.
  private static let queriesAtOnce = 64

  package func search(
    _ request: SearchRequest, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    let search = try PgvectorSearch(request, namespace, table())
    let results = try ResultColumns(kind: .search, dimensions: search.table.shape.dimensions, include: request.include)
    results.info.exact = search.isExact
    results.info.index = search.table.index.flatMap { search.isExact ? nil : $0.kind.rawValue } ?? "flat"
    var pace = Pace(context)
    var first = 0
    while first < request.queries.count {
      let queries = first..<min(first + Self.queriesAtOnce, request.queries.count)
      for (query, answer) in zip(queries, try answers(search, queries, context)) {
        try search.append(answer, query, to: results, &pace)
      }
      first = queries.upperBound
    }
    return results
  }

  package func search(
    near id: ByteString, _ request: SearchRequest, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    let table = try table()
    var query = PgvectorQuery()
    let scope = try query.bind(namespace: namespace, of: table)
    let isPossible = id.bytes.withUnsafeBytes { table.idType.holds($0) }
    let wanted = table.idType.cast(query.bind(id) + "::text")
    query.sql = "SELECT \(table.vector) FROM \(table.qualified) WHERE \(scope) AND \(table.id) = \(wanted)"
    let answer = isPossible ? try executor.ask(.search, context, [query.statement()]).first : nil
    guard let bytes = answer?.bytes(0, 0) else {
      throw VectorError(.notFound, "there is no record \(quoted(id))")
    }
    let vector = ColumnBuffer<Float>()
    try vector.append(vector: bytes, dimensions: table.shape.dimensions)
    var request = request
    request.queries = VectorRows(
      base: UnsafeRawPointer(vector.base), count: 1, dimensions: table.shape.dimensions,
      strideBytes: table.shape.dimensions * 4)
    request.excludedID = id
    return try withExtendedLifetime((vector, answer)) { () throws(VectorError) in
      try search(request, namespace: namespace, context: context)
    }
  }

  /// One answer a query. Those that an approximate index left short are asked again without it.
  private func answers(
    _ search: PgvectorSearch, _ queries: Range<Int>, _ context: CallContext
  ) throws(VectorError) -> [PostgresResult] {
    var answers = try ask(search, queries, exact: search.isExact, context)
    if search.isExact || search.scan.mayFallShort { return answers }
    let short = answers.indices.filter { answers[$0].rows < search.fetched }
    if short.isEmpty { return answers }
    let again = try ask(search, short.map { queries.lowerBound + $0 }, exact: true, context)
    for (place, answer) in zip(short, again) { answers[place] = answer }
    return answers
  }

  private func ask(
    _ search: PgvectorSearch, _ queries: some Collection<Int>, exact: Bool, _ context: CallContext
  ) throws(VectorError) -> [PostgresResult] {
    var statements: [PostgresStatement] = []
    statements.reserveCapacity(queries.count + 1)
    if !exact, let index = search.table.index, let set = search.scan.statement(index, search.table.pgvector) {
      statements.append(set)
    }
    let settings = statements.count
    for query in queries { statements.append(try search.statement(query, exact: exact)) }
    let answers = try executor.ask(.search, context, statements)
    guard answers.count == statements.count else {
      throw VectorError(.protocolViolation, "Postgres answered \(answers.count) of \(statements.count) statements")
    }
    return settings == 0 ? answers : Array(answers.dropFirst(settings))
  }
}
