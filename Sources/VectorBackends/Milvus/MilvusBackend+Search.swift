import Resilience
import Support
import VectorModel

extension MilvusBackend {
  package func search(
    _ request: SearchRequest, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    let collection = try collection()
    if request.exact, collection.index != .flat {
      throw VectorError(
        .unsupported, "Milvus searches exactly with the index \"flat\" alone; this collection has another one")
    }
    let place = MilvusPlace(namespace)
    let results = try ResultColumns(
      kind: .search, dimensions: collection.shape.dimensions, include: request.include)
    results.info.exact = collection.index == .flat
    results.info.index = collection.index.rawValue
    let condition = try compiled(request.filter)
    guard let partition = try partitionToRead(place, .search, context), condition != .always(false) else {
      for _ in 0..<request.queries.count { try results.endQuery() }
      return results
    }
    var message = try message(request, collection, place, condition)
    message.partition = partition
    let step = MilvusReading.queriesARequest(collection, k: request.k, request.include)
    for start in stride(from: 0, to: request.queries.count, by: step) {
      let range = start..<min(start + step, request.queries.count)
      let frame = try message.frame(request.queries, range)
      let columns = try loaded(context) { () throws(VectorError) in
        try requests.columns(.search, .search, frame, collection, context)
      }
      let hits = try MilvusHits(columns, queries: range.count, request, collection.shape, place)
      try hits.append(queries: range.count, to: results)
    }
    return results
  }

  package func search(
    near id: ByteString, _ request: SearchRequest, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    let collection = try collection()
    let place = MilvusPlace(namespace)
    let offsets: [UInt64] = [0, UInt64(id.count)]
    let found = try withBytes(of: id) { (bytes) throws(VectorError) -> MilvusFetched? in
      try withOffsets(offsets) { (offsets) throws(VectorError) in
        let ids = PackedStrings(bytes: bytes.baseAddress, offsets: offsets, count: 1)
        return try fetch(ids, 0..<1, place, .vectors, settings.consistency, .search, context)
      }
    }
    let row = withBytes(of: id) { found?[$0] }
    guard let found, let row else { throw VectorError(.notFound, "there is no record \(quoted(id))") }
    let vector = try found.rows.vector(row)
    var request = request
    request.excludedID = id
    let dimensions = collection.shape.dimensions
    request.queries = VectorRows(
      base: UnsafeRawPointer(vector.base), count: 1, dimensions: dimensions,
      strideBytes: dimensions * MemoryLayout<Float>.stride)
    defer { withExtendedLifetime(vector) {} }
    return try search(request, namespace: namespace, context: context)
  }

  // MARK: - The request

  /// All of a search but its queries and its partition.
  private func message(
    _ request: SearchRequest, _ collection: MilvusCollection, _ place: MilvusPlace, _ condition: MilvusFilter.Compiled
  ) throws(VectorError) -> MilvusSearchFrame {
    var conditions: [[UInt8]] = []
    if case .expression(let text) = condition { conditions.append(text) }
    if let id = request.excludedID {
      var text = MilvusText()
      text.add("(\(collection.idField) != ", withBytes(of: id) { place.key(of: $0) }, ")")
      conditions.append(text.bytes)
    }
    var outputFields: [String] = []
    if request.include.contains(.metadata) { outputFields.append(collection.metadataField) }
    if request.include.contains(.vectors) { outputFields.append(collection.vectorField) }
    return MilvusSearchFrame(
      database: settings.database, collection: settings.collection,
      condition: MilvusFilter.tree(conditions[...], Array(" and ".utf8)), outputFields: outputFields,
      parameters: [
        ("anns_field", collection.vectorField), ("topk", String(request.k)),
        ("metric_type", collection.shape.metric.milvusName), ("round_decimal", "-1"),
        ("params", try indexParameters(request, collection.index)),
      ],
      consistency: settings.consistency)
  }

  /// What the index is told: how far to look. Milvus wants at least k candidates of a graph.
  private func indexParameters(_ request: SearchRequest, _ index: IndexSpec.Kind) throws(VectorError) -> String {
    switch index {
    case .hnsw: return "{\"ef\":\(min(max(request.ef ?? 64, request.k), 32_768))}"
    case .ivf: return "{\"nprobe\":\(try probes(request) ?? 32)}"
    case .auto, .flat: return "{}"
    }
  }

  private func probes(_ request: SearchRequest) throws(VectorError) -> Int64? {
    guard let value = request.extra?.root["nprobe"] else { return nil }
    guard let number = value.integer, 1...65_536 ~= number else {
      throw VectorError(.invalidOption, "extra_json: \"nprobe\" is an integer from 1 to 65536")
    }
    return number
  }

  private func withOffsets<Answer>(
    _ offsets: [UInt64], _ body: (UnsafePointer<UInt64>?) throws(VectorError) -> Answer
  ) throws(VectorError) -> Answer {
    let answer: Result<Answer, VectorError> = offsets.withUnsafeBufferPointer { buffer in
      do throws(VectorError) { return .success(try body(buffer.baseAddress)) } catch { return .failure(error) }
    }
    return try answer.get()
  }
}
