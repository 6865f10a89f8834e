import Resilience
import Support
import VectorModel

extension ChromaBackend {
  package func search(
    _ request: SearchRequest, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    try collection.reaching(context) { (known, _) throws(VectorError) in
      try checkOptions(request)
      let results = try searchResults(known, request)
      let filter = try ChromaFilter(request.filter, known.lists)
      if filter == .nothing {
        for _ in 0..<request.queries.count { try results.endQuery() }
        return results
      }
      var from = 0
      while from < request.queries.count {
        let chosen = from..<min(from + Self.queriesAtOnce, request.queries.count)
        try query(request, chosen, k: request.k, filter, namespace, known, context, into: results)
        from = chosen.upperBound
      }
      return results
    }
  }

  package func search(
    near id: ByteString, _ request: SearchRequest, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    try collection.reaching(context) { (known, path) throws(VectorError) in
      try checkOptions(request)
      let stored = withBytes(of: id) { ChromaNames.storedID($0, in: namespace) }
      let vector = try self.vector(of: stored, known, path, context)
      guard let vector else { throw VectorError(.notFound, "there is no record \(quoted(id))") }
      var request = request
      request.excludedID = id
      request.queries = VectorRows(
        base: UnsafeRawPointer(vector.base), count: 1, dimensions: known.shape.dimensions,
        strideBytes: known.shape.dimensions * 4)
      defer { withExtendedLifetime(vector) {} }
      let results = try searchResults(known, request)
      let filter = try ChromaFilter(request.filter, known.lists)
      if filter == .nothing {
        try results.endQuery()
        return results
      }
      // One more, for the record itself.
      let k = request.k == .max ? request.k : request.k + 1
      try query(request, 0..<1, k: k, filter, namespace, known, context, into: results)
      return results
    }
  }

  package func get(
    ids: PackedStrings, include: Include, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    try collection.reaching(context) { (known, path) throws(VectorError) in
      let results = try ResultColumns(kind: .get, dimensions: known.shape.dimensions, include: include)
      let step = recordsAtOnce(known, include)
      var from = 0
      while from < ids.count {
        let items = from..<min(from + step, ids.count)
        let stored = items.map { ChromaNames.storedID(ids[$0], in: namespace) }
        let wanted = items.map { ByteString(ids[$0]) }
        let outcome = try records(.get, stored, include, path, context) {
          (document, places) throws(ChromaAnswers.Violation) in
          for (stored, id) in zip(stored, wanted) {
            let record = places[stored]
            guard try append(document.record(record), id: id, known.lists, to: results),
              results.found.append(record == nil ? 0 : 1)
            else { return false }
          }
          return true
        }
        guard outcome else { throw .resultOutOfMemory }
        from = items.upperBound
      }
      try results.endQuery()
      return results
    }
  }

  package func count(
    matching filter: Filter?, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> (count: UInt64, exact: Bool) {
    let filter = try ChromaFilter(filter, collection.lists)
    if filter == .nothing { return (0, true) }
    if filter == .everything, namespace.isEmpty {
      let named = ChromaFilter.test(key: ByteString(ChromaNames.namedKey), op: .eq, [.bool(true)])
      if try storedIDs(.count, named, context, limit: 1).isEmpty { return (UInt64(try total(.count, context)), true) }
    }
    let ids = try storedIDs(.count, namespace.isEmpty ? filter : filter.within(namespace), context)
    // Ids say their namespace: for the default one the server need not look at a field that most records lack.
    let own = ids.count { ChromaNames.parts(ofStored: $0).namespace == namespace }
    return (UInt64(own), true)
  }

  // MARK: - Searching

  /// Each takes the server a millisecond or more, and an attempt has a timeout.
  private static let queriesAtOnce = 200

  private func checkOptions(_ request: SearchRequest) throws(VectorError) {
    if request.exact {
      throw VectorError(.unsupported, "backend \"chroma\" cannot force exact neighbours: it has an HNSW graph alone")
    }
    if request.ef != nil {
      throw VectorError(.unsupported, "backend \"chroma\" cannot choose ef for a search: it belongs to the collection")
    }
  }

  private func searchResults(
    _ known: ChromaCollection.Known, _ request: SearchRequest
  ) throws(VectorError) -> ResultColumns {
    let results = try ResultColumns(
      kind: .search, dimensions: known.shape.dimensions, include: request.include)
    results.info.exact = false
    results.info.index = "hnsw"
    return results
  }

  /// Sends some of the queries and appends their hits.
  private func query(
    _ request: SearchRequest, _ chosen: Range<Int>, k: Int, _ filter: ChromaFilter, _ namespace: ByteString,
    _ known: ChromaCollection.Known, _ context: CallContext, into results: ResultColumns
  ) throws(VectorError) {
    var include = ["distances"]
    if request.include.contains(.metadata) { include.append("metadatas") }
    if request.include.contains(.vectors) { include.append("embeddings") }
    var isNamespaced = !namespace.isEmpty || collection.hasNamed
    while true {
      let body = try ChromaBodies.query(
        request.queries, chosen, k: min(k, Int(Int32.max)), filter: isNamespaced ? filter.within(namespace) : filter,
        include: include)
      let hits = try requests.send(.search, .post, known.queryPath, context, body: body) {
        (value) throws(ChromaAnswers.Violation) in
        try ChromaAnswers.take(
          value, of: chosen.count, request, known, namespace: namespace, into: results)
      }
      switch hits {
      case .taken: return
      case .outOfMemory: throw .resultOutOfMemory
      case .foreign:
        guard !isNamespaced else {
          throw VectorError(.protocolViolation, "Chroma found records that the filter of the namespace rules out")
        }
        isNamespaced = true
        collection.sawNamed()
      }
    }
  }

  /// The vector of a record; nil when there is no such record.
  private func vector(
    of stored: ByteString, _ known: ChromaCollection.Known, _ path: String, _ context: CallContext
  ) throws(VectorError) -> ColumnBuffer<Float>? {
    let vector = ColumnBuffer<Float>()
    let found = try records(.search, [stored], .vectors, path, context) {
      (document, places) throws(ChromaAnswers.Violation) -> Bool? in
      guard let record = document.record(places[stored]), let value = record.vector else { return nil }
      return try ChromaAnswers.append(vector: value, dimensions: known.shape.dimensions, to: vector)
    }
    if found == false { throw .resultOutOfMemory }
    return found == nil ? nil : vector
  }

  // MARK: - Records by id

  /// Records of one request, so that its answer stays within 64 MB.
  func recordsAtOnce(_ known: ChromaCollection.Known, _ include: Include) -> Int {
    let bytes = 1000 + (include.contains(.vectors) ? known.shape.dimensions * 13 : 0)
    return max(1, min(known.limits.maxBatch, (64 << 20) / bytes))
  }

  /// Gets records by stored ids; `take` is given the answer and the place of each id in it.
  func records<Answer>(
    _ kind: RequestKind, _ stored: [ByteString], _ include: Include, _ path: String, _ context: CallContext,
    _ take: (ChromaRecords, [ByteString: Int]) throws(ChromaAnswers.Violation) -> Answer
  ) throws(VectorError) -> Answer {
    var columns: [String] = []
    if include.contains(.metadata) { columns.append("metadatas") }
    if include.contains(.vectors) { columns.append("embeddings") }
    let body = try ChromaBodies.get(ids: stored, include: columns)
    return try requests.send(kind, .post, "\(path)/get", context, body: body) {
      (value) throws(ChromaAnswers.Violation) in
      let records = try ChromaRecords(value, include)
      return try take(records, records.places)
    }
  }

  /// Appends a record, or a missing one; false when out of memory.
  func append(
    _ record: ChromaRecords.Record?, id: ByteString, _ lists: ChromaLists, to results: ResultColumns
  ) throws(ChromaAnswers.Violation) -> Bool {
    try withBytes(of: id) { (id) throws(ChromaAnswers.Violation) in
      guard let record else { return results.append(missing: id) }
      return try ChromaAnswers.append(id: id, metadata: record.metadata, vector: record.vector, lists, to: results)
    }
  }
}

/// The answer to a "get": columns of as many records as there are ids, in the server's order.
struct ChromaRecords {
  struct Record {
    let metadata: JSONValue?
    let vector: JSONValue?
  }

  let ids: [ByteString]
  private let metadata: [JSONValue]?
  private let vectors: [JSONValue]?

  init(_ value: JSONValue, _ include: Include) throws(ChromaAnswers.Violation) {
    ids = try ChromaAnswers.ids(value)
    metadata =
      include.contains(.metadata) ? Array(try ChromaAnswers.column(value, "metadatas", ids.count).elements) : nil
    vectors =
      include.contains(.vectors) ? Array(try ChromaAnswers.column(value, "embeddings", ids.count).elements) : nil
  }

  /// Where each id stands.
  var places: [ByteString: Int] {
    Dictionary(ids.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// nil for no place.
  func record(_ place: Int?) -> Record? {
    guard let place, ids.indices.contains(place) else { return nil }
    return Record(metadata: metadata?[place], vector: vectors?[place])
  }
}
