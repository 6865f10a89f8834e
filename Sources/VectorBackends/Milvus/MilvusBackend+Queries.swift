import FoundationEssentials
import Resilience
import Support
import VectorModel

/// Reading by conditions: what all other reads are made of.
extension MilvusBackend {
  /// What a query is to give beside the rows that match.
  struct Query {
    var expression: [UInt8]
    /// Empty = all of the collection.
    var partition: String
    var include: Include = []
    /// nil = all rows; else the first by their keys.
    var limit: Int?
    var consistency: MilvusSettings.Consistency
  }

  /// The partition of a namespace for reading: empty for all of the collection, nil when there is none and so no record.
  func partitionToRead(_ place: MilvusPlace, _ kind: RequestKind, _ context: CallContext) throws(VectorError) -> String?
  {
    guard let partition = try collection().partition(place) else { return "" }
    return try hasPartition(partition, kind, context) ? partition : nil
  }

  /// Runs a read, a second time where the server let go of the collection meanwhile: after a restart it has to be loaded anew.
  func loaded<Answer>(
    _ context: CallContext, _ read: () throws(VectorError) -> Answer
  ) throws(VectorError) -> Answer {
    do throws(VectorError) {
      return try read()
    } catch {
      // Milvus says "collection not loaded", Milvus Lite "in state 'released'"; their codes are not the same everywhere.
      guard error.status == .unavailable, error.message.contains("not loaded") || error.message.contains("'released'")
      else { throw error }
      try load(context)
      return try read()
    }
  }

  /// Asks for rows and reads their columns.
  func query(_ query: Query, _ kind: RequestKind, _ context: CallContext) throws(VectorError) -> MilvusRowSet {
    let collection = try collection()
    var fields = [collection.idField]
    if query.include.contains(.metadata) { fields.append(collection.metadataField) }
    if query.include.contains(.vectors) { fields.append(collection.vectorField) }
    let frame = try MilvusRequests.frame(request(query, fields))
    let columns = try loaded(context) { () throws(VectorError) in
      try requests.columns(kind, .query, frame, collection, context)
    }
    return try MilvusRowSet(columns, dimensions: collection.shape.dimensions, query.include)
  }

  private func request(_ query: Query, _ fields: [String]) -> MilvusProtoQueryRequest {
    var request = MilvusProtoQueryRequest()
    request.dbName = settings.database
    request.collectionName = settings.collection
    request.expr = Data(query.expression)
    request.outputFields = fields
    if !query.partition.isEmpty { request.partitionNames = [query.partition] }
    request.consistencyLevel = query.consistency.rawValue
    if let limit = query.limit {
      // Only an iterator's queries keep to the order of keys everywhere.
      request.queryParams = [
        .init("limit", "\(limit)"), .init("iterator", "True"), .init("reduce_stop_for_best", "True"),
      ]
    }
    return request
  }

  /// Rows of some ids; nil when the namespace has no partition.
  func fetch(
    _ ids: PackedStrings, _ range: Range<Int>, _ place: MilvusPlace, _ include: Include,
    _ consistency: MilvusSettings.Consistency, _ kind: RequestKind, _ context: CallContext
  ) throws(VectorError) -> MilvusFetched? {
    guard let partition = try partitionToRead(place, kind, context) else { return nil }
    let expression = MilvusReading.expression(try collection().idField, ids, range, place)
    let rows = try query(
      Query(expression: expression, partition: partition, include: include, consistency: consistency), kind, context)
    return MilvusFetched(rows, place)
  }

  package func get(
    ids: PackedStrings, include: Include, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    let collection = try collection()
    let place = MilvusPlace(namespace)
    let results = try ResultColumns(kind: .get, dimensions: collection.shape.dimensions, include: include)
    let step = MilvusReading.rowsARequest(collection, include)
    for start in stride(from: 0, to: ids.count, by: step) {
      let range = start..<min(start + step, ids.count)
      let found = try fetch(ids, range, place, include, settings.consistency, .get, context)
      try found?.rows.reserve(in: results)
      for item in range {
        let row = found?[ids[item]]
        guard results.found.append(row == nil ? 0 : 1),
          row == nil ? results.append(missing: ids[item]) : results.append(id: ids[item])
        else { throw .resultOutOfMemory }
        if let row, let found { try found.rows.append(row, to: results) }
      }
    }
    try results.endQuery()
    return results
  }

  package func page(
    _ request: PageRequest, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    let collection = try collection()
    let place = MilvusPlace(namespace)
    let results = try ResultColumns(kind: .page, dimensions: collection.shape.dimensions, include: request.include)
    var last = try MilvusPageToken.read(request.token, place)
    let condition = try compiled(request.filter)
    if let partition = try partitionToRead(place, .page, context), condition != .always(false) {
      let step = MilvusReading.rowsARequest(collection, request.include)
      while true {
        let wanted = min(request.limit - results.rowCount, step)
        // One more shows whether there is a next page.
        let rows = try query(
          Query(
            expression: Self.expression(collection, condition, after: last), partition: partition,
            include: request.include, limit: wanted + 1, consistency: settings.consistency), .page, context)
        defer { withExtendedLifetime(rows) {} }
        try rows.reserve(in: results)
        let order = (0..<rows.count).sorted { compareBytes(rows.key($0), rows.key($1)) < 0 }
        for row in order.prefix(wanted) {
          last = Array(rows.key(row))
          guard let id = place.id(ofKey: rows.key(row)) else { continue }
          try results.append(id: id)
          try rows.append(row, to: results)
        }
        if rows.count <= wanted { break }
        if results.rowCount >= request.limit, let last {
          try results.setNextPage(MilvusPageToken.write(last))
          break
        }
      }
    }
    try results.endQuery()
    return results
  }

  private static func expression(
    _ collection: MilvusCollection, _ condition: MilvusFilter.Compiled, after last: [UInt8]?
  ) -> [UInt8] {
    let matching = MilvusReading.condition(collection, condition)
    guard let last else { return matching }
    var text = MilvusText()
    text.add("(\(collection.idField) > ", last, ")")
    return MilvusFilter.tree([text.bytes, matching], Array(" and ".utf8))
  }

  package func count(
    matching filter: Filter?, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> (count: UInt64, exact: Bool) {
    let collection = try collection()
    let condition = try compiled(filter)
    guard let partition = try partitionToRead(MilvusPlace(namespace), .count, context), condition != .always(false)
    else { return (0, true) }
    let query = Query(
      expression: MilvusReading.condition(collection, condition), partition: partition,
      consistency: settings.consistency)
    let answer: MilvusProtoQueryResults = try loaded(context) { () throws(VectorError) in
      try requests.call(.count, .query, request(query, ["count(*)"]), context)
    }
    guard let number = answer.fieldsData.first?.scalars.longData.data.first, let count = UInt64(exactly: number) else {
      throw VectorError(.protocolViolation, "the answer of Milvus to a count holds no number")
    }
    return (count, settings.consistency == .strong)
  }

  /// A filter as Milvus takes it; no filter holds always.
  func compiled(_ filter: Filter?) throws(VectorError) -> MilvusFilter.Compiled {
    guard let filter else { return .always(true) }
    return try MilvusFilter(try collection().dialect).compile(filter.expression)
  }
}

/// The text that says where a page starts: behind a primary key, in hexadecimal digits.
enum MilvusPageToken {
  private static let mark = Array("m1".utf8)

  static func write(_ key: [UInt8]) -> [UInt8] {
    let digits = Array("0123456789abcdef".utf8)
    return mark + key.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
  }

  /// The key to go on behind; nil for the first page. Errors: `invalidArgument` for a token of another library or namespace.
  static func read(_ token: [UInt8], _ place: MilvusPlace) throws(VectorError) -> [UInt8]? {
    if token.isEmpty { return nil }
    let foreign = VectorError(
      .invalidArgument, "the page token is not one of this library: pass what the last page gave")
    guard token.starts(with: mark), token.count % 2 == 0, token.count > mark.count else { throw foreign }
    var key: [UInt8] = []
    for at in stride(from: mark.count, to: token.count, by: 2) {
      guard let byte = UInt8(String(decoding: token[at..<at + 2], as: UTF8.self), radix: 16) else { throw foreign }
      key.append(byte)
    }
    guard key.withUnsafeBytes({ place.id(ofKey: $0) != nil }), String(validating: key, as: UTF8.self) != nil else {
      throw foreign
    }
    return key
  }
}
