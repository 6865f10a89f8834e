import Resilience
import Support
import VectorModel

extension RedisBackend {
  /// Queries of one request.
  private static let queriesAtOnce = 16

  package func search(
    _ request: SearchRequest, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    let index = try state.opened
    try check(namespace, index)
    let results = try ResultColumns(kind: .search, dimensions: index.shape.dimensions, include: request.include)
    let query = try compiled(request.filter, context)
    let search = RedisSearch(settings.index, index, request, query, namespace)
    results.info.index = index.algorithm.rawValue
    results.info.exact = search.isExact
    if query.matching == .none {
      for _ in 0..<request.queries.count { try results.endQuery() }
      return results
    }
    var start = 0
    while start < request.queries.count {
      let end = min(start + Self.queriesAtOnce, request.queries.count)
      try self.search(search, start..<end, context, into: results)
      start = end
    }
    return results
  }

  package func search(
    near id: ByteString, _ request: SearchRequest, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    let index = try state.opened
    try check(namespace, index)
    var commands = RedisCommands()
    commands.begin(3)
    commands.add(word: "HGET")
    id.bytes.withUnsafeBytes { commands.add(index.keys, namespace, $0) }
    commands.add(index.vectorIdentifier)
    let vector = try run(.search, context) { connection, context throws(AttemptFailure) in
      try connection.ask(commands, context) { (reply) throws(AttemptFailure) -> ByteString? in
        reply.bytes.flatMap { $0.count == index.shape.dimensions * 4 ? ByteString($0) : nil }
      }
    }
    guard let vector else { throw VectorError(.notFound, "there is no record \(quoted(id))") }
    return try withBytes(of: vector) { (bytes) throws(VectorError) in
      var request = request
      request.queries = VectorRows(
        base: bytes.baseAddress, count: 1, dimensions: index.shape.dimensions, strideBytes: bytes.count)
      request.excludedID = id
      return try search(request, namespace: namespace, context: context)
    }
  }

  /// Some of the queries in one request. Until a namespace was seen they ask among all records: as long as no hit is of another
  /// namespace, the nearest of all are the nearest of this one. When one is, they are asked again.
  private func search(
    _ search: RedisSearch, _ queries: Range<Int>, _ context: CallContext, into results: ResultColumns
  ) throws(VectorError) {
    let mark = results.mark
    for _ in 0..<2 {
      let isRestricted = search.mustRestrict || state.seesNamespaces.load() != 0
      var commands = RedisCommands()
      commands.reserve(queries.count * search.commandSize)
      let isComplete = try run(.search, context) { connection, context throws(AttemptFailure) in
        results.truncate(to: mark)
        commands.removeAll()
        for query in queries { search.write(query, isRestricted: isRestricted, context, to: &commands) }
        var isForeign = false
        try connection.askAll(commands, context) { (_, reply) throws(AttemptFailure) in
          if isForeign { return }
          do throws(VectorError) {
            isForeign = try !search.read(reply, into: results)
          } catch { throw AttemptFailure(reading: error) }
        }
        return !isForeign
      }
      if isComplete { return }
      state.seesNamespaces.store(1)
    }
    throw VectorError(.protocolViolation, "Redis answers with records of another namespace than was asked for")
  }

  /// The query of a filter, with the schema asked for once more where the filter names a key nobody knows.
  func compiled(_ filter: Filter?, _ context: CallContext) throws(VectorError) -> RedisQuery {
    let (query, missesField) = try RedisFilterCompiler.compile(filter, state.opened)
    if !missesField { return query }
    try refresh(context)
    return try RedisFilterCompiler.compile(filter, state.opened).query
  }
}

/// One search as commands, and its replies as rows. An object, so that handing it on copies no part of it.
final class RedisSearch {
  private let name: ByteString
  private let index: RedisIndex
  private let request: SearchRequest
  private let query: RedisQuery
  private let namespace: ByteString
  private let projection: RedisProjection
  private let k: Int

  private static let distanceField: ByteString = "__d"

  init(
    _ name: ByteString, _ index: RedisIndex, _ request: SearchRequest, _ query: RedisQuery, _ namespace: ByteString
  ) {
    self.name = name
    self.index = index
    self.request = request
    self.query = query
    self.namespace = namespace
    projection = RedisProjection(index, request.include, tellsPresence: false)
    k = request.excludedID == nil ? request.k : request.k + 1
  }

  /// Whether the neighbours are certainly the nearest.
  var isExact: Bool { index.algorithm == .flat || comparesAll }

  /// A graph is passed by only where there is a condition: the namespace is one.
  private var comparesAll: Bool { request.exact && index.algorithm == .hnsw && index.isOurs }

  /// Whether the namespace must be part of the query.
  var mustRestrict: Bool { !namespace.isEmpty || comparesAll }

  /// About as many bytes as one query takes.
  var commandSize: Int { 512 + 4 * index.shape.dimensions }

  /// One query: FT.SEARCH.
  func write(_ row: Int, isRestricted: Bool, _ context: CallContext, to commands: inout RedisCommands) {
    guard let vector = request.queries.row(row) else { return }
    var query = query
    if isRestricted, index.isOurs { query.restrict(to: namespace) }
    let ef = index.algorithm == .hnsw && !comparesAll ? request.ef : nil
    let parameters = 2 * (2 + (ef == nil ? 0 : 1) + query.parameters.count)
    let returned = 1 + projection.fields.count
    commands.begin(3 + 2 + parameters + 2 + returned + 3 + 2 + 2)
    commands.add(word: "FT.SEARCH")
    commands.add(name)
    text(query, hasEf: ef != nil).withUnsafeBytes { commands.add($0) }
    commands.add(word: "PARAMS")
    commands.add(parameters)
    commands.add(word: "K")
    commands.add(k)
    commands.add(word: "B")
    commands.add(UnsafeRawBufferPointer(start: vector, count: index.shape.dimensions * 4))
    if let ef {
      commands.add(word: "E")
      commands.add(ef)
    }
    commands.add(query.parameters)
    commands.add(word: "RETURN")
    commands.add(returned)
    commands.add(Self.distanceField)
    for field in projection.fields { commands.add(field) }
    commands.add(word: "LIMIT")
    commands.add(word: "0")
    commands.add(k)
    commands.addBounds(context)
  }

  private func text(_ query: RedisQuery, hasEf: Bool) -> [UInt8] {
    var text = query.queryText
    text.reserveCapacity(text.count + 2 * index.vectorField.count + 80)
    text.append("=>[KNN $K @")
    text += RedisQuery.escaped(index.vectorField)
    text.append(" $B")
    if hasEf { text.append(" EF_RUNTIME $E") }
    if comparesAll { text.append(" HYBRID_POLICY ADHOC_BF") }
    text.append(" AS ")
    text += Self.distanceField.bytes
    text.append("]")
    return text
  }

  private struct Hit {
    let distance: Float
    let id: UnsafeRawBufferPointer
    let fields: RedisReply
  }

  /// Appends the hits of one reply; false when one is of another namespace. Errors: `protocolViolation`, `outOfMemory`.
  func read(_ reply: RedisReply, into results: ResultColumns) throws(VectorError) -> Bool {
    var hits: [Hit] = []
    hits.reserveCapacity(min(reply.count / 2, k))
    var elements = reply.elements
    guard elements.next()?.integer != nil else { throw RedisSearch.unexpected }
    while let key = elements.next(), let fields = elements.next() {
      guard let key = key.bytes else { throw RedisSearch.unexpected }
      // A record that was deleted while the answer was made.
      guard fields.kind == .array else { continue }
      // A key that we do not make is of no namespace.
      guard let parts = index.keys.parts(of: key),
        namespace.bytes.withUnsafeBytes({ compareBytes($0, parts.namespace) == 0 })
      else { return false }
      guard let raw = fields[Self.distanceField]?.number else { throw RedisSearch.unexpected }
      hits.append(Hit(distance: distance(raw), id: parts.id, fields: fields))
    }
    hits.sort { $0.distance != $1.distance ? $0.distance < $1.distance : compareBytes($0.id, $1.id) < 0 }
    var values: [RedisReply?] = []
    var count = 0
    for hit in hits where !isExcluded(hit.id) && count < request.k {
      let score = index.shape.metric.score(distance: hit.distance)
      if let most = request.maxDistance, Double(hit.distance) > most { break }
      if let least = request.minScore, Double(score) < least { break }
      guard results.distances.append(hit.distance), results.scores.append(score) else { throw .resultOutOfMemory }
      projection.read(hit.fields, into: &values)
      try projection.append(id: hit.id, values, to: results)
      count += 1
    }
    try results.endQuery()
    return true
  }

  private func isExcluded(_ id: UnsafeRawBufferPointer) -> Bool {
    guard let excluded = request.excludedID else { return false }
    return excluded.bytes.withUnsafeBytes { compareBytes($0, id) == 0 }
  }

  /// From the engine's number to the library's: squares are taken back, and it gives 1 - dot.
  private func distance(_ raw: Double) -> Float {
    // Not a number: as far away as can be.
    let raw = raw.isNaN ? .infinity : raw
    switch index.shape.metric {
    case .cosine: return Float(min(max(raw, 0), 2))
    case .l2: return Float(max(raw, 0).squareRoot())
    case .dot: return Float(raw - 1)
    }
  }

  static let unexpected = VectorError(
    .protocolViolation, "Redis answers FT.SEARCH in a form that is not known here: expected RESP2")
}

extension [UInt8] {
  fileprivate mutating func append(_ text: StaticString) { text.withUTF8Buffer { self += $0 } }
}

extension RedisCommands {
  /// The parameters of a query, by their names p0, p1, ….
  mutating func add(_ parameters: [ByteString]) {
    for (number, value) in parameters.enumerated() {
      add(ByteString("p\(number)"))
      add(value)
    }
  }

  /// The end of every query: how long the server may take, so that it never answers with a part; and the language's version.
  ///
  /// A little longer than the caller waits: who waits no more learns that the time is over, not that little was found.
  mutating func addBounds(_ context: CallContext) {
    add(word: "TIMEOUT")
    let left = context.deadline.map { Int(clamping: $0.since(monotonicNanoseconds()) / 1_000_000) + 500 } ?? 0
    add(min(left, 86_400_000))
    add(word: "DIALECT")
    add(word: "2")
  }
}
