import FoundationEssentials
import Resilience
import Support
import SwiftProtobuf
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
    var message = try searchMessage(request, collection, place, condition)
    if !partition.isEmpty { message.partitionNames = [partition] }
    let step = MilvusReading.queriesARequest(collection, k: request.k, request.include)
    for start in stride(from: 0, to: request.queries.count, by: step) {
      let range = start..<min(start + step, request.queries.count)
      message.nq = Int64(range.count)
      message.placeholderGroup = try placeholders(request.queries, range)
      let answer: MilvusProtoSearchResults = try loaded(context) { () throws(VectorError) in
        try requests.call(.search, .search, message, context)
      }
      try append(answer.results, range.count, request, collection, place, to: results)
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

  /// All of a search but its queries.
  private func searchMessage(
    _ request: SearchRequest, _ collection: MilvusCollection, _ place: MilvusPlace, _ condition: MilvusFilter.Compiled
  ) throws(VectorError) -> MilvusProtoSearchRequest {
    var conditions: [[UInt8]] = []
    if case .expression(let text) = condition { conditions.append(text) }
    if let id = request.excludedID {
      var text = MilvusText()
      text.add("(\(collection.idField) != ", withBytes(of: id) { place.key(of: $0) }, ")")
      conditions.append(text.bytes)
    }
    var message = MilvusProtoSearchRequest()
    message.dbName = settings.database
    message.collectionName = settings.collection
    message.dsl = Data(MilvusFilter.tree(conditions[...], Array(" and ".utf8)))
    message.dslType = 1
    if request.include.contains(.metadata) { message.outputFields.append(collection.metadataField) }
    if request.include.contains(.vectors) { message.outputFields.append(collection.vectorField) }
    message.searchParams = [
      .init("anns_field", collection.vectorField), .init("topk", "\(request.k)"),
      .init("metric_type", collection.shape.metric.milvusName), .init("round_decimal", "-1"),
      .init("params", try indexParameters(request, collection.index)),
    ]
    message.consistencyLevel = settings.consistency.rawValue
    return message
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

  /// The queries of one request, each as the bytes of its floats.
  private func placeholders(_ queries: VectorRows, _ range: Range<Int>) throws(VectorError) -> Data {
    let (value, group) = (ColumnBuffer<UInt8>(), ColumnBuffer<UInt8>())
    let size = queries.dimensions * MemoryLayout<Float>.size
    // PlaceholderValue: tag, type, values; PlaceholderGroup: placeholders. Written here, where the queries are copied once.
    var isWritten =
      value.append(field: 1, text: "$0")
      && value.append(field: 2, number: UInt64(MilvusCollection.DataType.floatVector))
    for query in range {
      guard let row = queries.row(query) else { continue }
      isWritten = isWritten && value.append(field: 3, bytes: UnsafeRawBufferPointer(start: row, count: size))
    }
    defer { withExtendedLifetime((value, group)) {} }
    guard isWritten, group.append(field: 1, bytes: UnsafeRawBufferPointer(value.elements)), let base = group.base else {
      throw VectorError(.outOfMemory, "not enough memory for a request")
    }
    return Data(bytes: base, count: group.count)
  }

  // MARK: - The answer

  private struct Hit {
    let row: Int
    let distance: Float
    let id: Data
  }

  private func append(
    _ answer: MilvusProtoSearchResultData, _ queries: Int, _ request: SearchRequest, _ collection: MilvusCollection,
    _ place: MilvusPlace, to results: ResultColumns
  ) throws(VectorError) {
    let rows = try MilvusRowSet(answer.fieldsData, keys: answer.ids, collection, request.include)
    let scores = lend(answer.scores) { bytes in
      (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
    }
    var counts = answer.topks
    // Without a single hit there may be no counts either.
    if rows.count == 0 { counts = Array(repeating: 0, count: queries) }
    let total = counts.reduce(Int64(0)) { $0.addingReportingOverflow(max($1, 0)).partialValue }
    guard counts.count == queries, counts.allSatisfy({ $0 >= 0 && $0 <= Int64(request.k) }),
      total == Int64(rows.count), scores.count == rows.count
    else { throw VectorError(.protocolViolation, "the answer of Milvus to a search does not fit its queries") }
    var row = 0
    for count in counts {
      var hits: [Hit] = []
      for _ in 0..<count {
        guard let distance = collection.shape.metric.distance(milvus: scores[row]) else {
          throw VectorError(.protocolViolation, "the answer of Milvus to a search holds a distance that is no number")
        }
        if let id = place.id(ofKey: rows.keys[row]), request.accepts(distance, collection.shape.metric) {
          hits.append(Hit(row: row, distance: distance, id: id))
        }
        row += 1
      }
      hits.sort { left, right in
        left.distance != right.distance
          ? left.distance < right.distance : left.id.lexicographicallyPrecedes(right.id)
      }
      for hit in hits {
        try results.append(id: hit.id)
        guard results.distances.append(hit.distance),
          results.scores.append(collection.shape.metric.score(distance: hit.distance))
        else { throw .resultOutOfMemory }
        try rows.append(hit.row, to: results)
      }
      try results.endQuery()
    }
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

extension SearchRequest {
  /// Whether a hit is near enough.
  fileprivate func accepts(_ distance: Float, _ metric: Metric) -> Bool {
    if let maxDistance, Double(distance) > maxDistance { return false }
    if let minScore, Double(metric.score(distance: distance)) < minScore { return false }
    return true
  }
}
