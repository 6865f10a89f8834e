import Support
import VectorModel

/// What is known of the index of an open collection. It only ever gets more columns.
struct RedisIndex: Sendable {
  enum Algorithm: String, Sendable { case flat, hnsw }

  var keys: RedisKeys
  var shape: CollectionShape
  var algorithm: Algorithm
  /// The vector in queries, and the field of the hash that it is.
  var vectorField: ByteString
  var vectorIdentifier: ByteString
  /// Fields that can be filtered by.
  var fields: [ByteString: RedisField]
  /// Records that the server could not index, ever.
  var failures: Int

  /// Whether records were there before the index, so that a new column has to be looked for in all of them.
  var hasOldRecords: Bool { fields[RedisColumn.oldRecordsField] != nil }

  /// Whether this library made it, and with it the form of its records.
  var isOurs: Bool { keys.hasNamespaces }
}

/// A field of an index, of ours or of others.
struct RedisField: Sendable, Equatable {
  enum Kind: Sendable { case tag, numeric, other }
  /// The field in the hash.
  let identifier: ByteString
  let kind: Kind
  /// What separates the tags of a list.
  let separator: UInt8?
}

/// What FT.INFO says of an index.
struct RedisIndexInfo: Sendable {
  struct Vector: Sendable {
    var attribute: ByteString
    var identifier: ByteString
    var algorithm: ByteString
    var type: ByteString
    var dimensions: Int
    var metric: ByteString
  }

  var isHash = true
  var prefixes: [ByteString] = []
  var vectors: [Vector] = []
  var fields: [ByteString: RedisField] = [:]
  var records = 0
  var isIndexing = false
  var failures = 0

  /// nil for a reply that is none. Names and values alternate; unknown ones are passed over.
  init?(_ reply: RedisReply) {
    guard reply.kind == .array, let definition = reply["index_definition"], let attributes = reply["attributes"] else {
      return nil
    }
    isHash = definition["key_type"]?.is("HASH") ?? false
    prefixes = definition["prefixes"]?.elements.compactMap { $0.bytes.map { ByteString($0) } } ?? []
    for attribute in attributes.elements { add(attribute) }
    records = reply["num_docs"]?.integer ?? 0
    isIndexing = (reply["indexing"]?.integer ?? 0) != 0
    failures = reply["hash_indexing_failures"]?.integer ?? 0
  }

  private mutating func add(_ attribute: RedisReply) {
    func text(_ name: ByteString) -> ByteString? { attribute[name]?.bytes.map { ByteString($0) } }
    guard let name = text("attribute"), let identifier = text("identifier"), let type = text("type") else { return }
    switch type {
    case "VECTOR":
      vectors.append(
        Vector(
          attribute: name, identifier: identifier, algorithm: text("algorithm") ?? "", type: text("data_type") ?? "",
          dimensions: attribute["dim"]?.integer ?? 0, metric: text("distance_metric") ?? ""))
    case "TAG":
      fields[name] = RedisField(identifier: identifier, kind: .tag, separator: text("SEPARATOR")?.bytes.first)
    case "NUMERIC": fields[name] = RedisField(identifier: identifier, kind: .numeric, separator: nil)
    default: fields[name] = RedisField(identifier: identifier, kind: .other, separator: nil)
    }
  }

  /// What an open collection has to know, checked. Errors: `unsupported`, `notFound` for a vector field that is not there.
  func index(_ settings: RedisSettings, _ request: OpenRequest) throws(VectorError) -> RedisIndex {
    let what = "index \(quoted(settings.index))"
    guard isHash else { throw VectorError(.unsupported, "\(what) is over JSON documents: only hashes are supported") }
    let vector = try vectorField(settings, what)
    guard vector.type == "FLOAT32" else {
      throw VectorError(.unsupported, "\(what) holds vectors of type \(quoted(vector.type)): only FLOAT32 is supported")
    }
    guard let algorithm = RedisIndex.Algorithm(rawValue: vector.algorithm.text.lowercased()) else {
      throw VectorError(.unsupported, "\(what) is of the kind \(quoted(vector.algorithm)), which is not supported")
    }
    let metric: Metric
    switch vector.metric {
    case "COSINE": metric = .cosine
    case "L2": metric = .l2
    case "IP": metric = .dot
    default: throw VectorError(.unsupported, "\(what) has the metric \(quoted(vector.metric)), which is not supported")
    }
    guard 1...65_536 ~= vector.dimensions else {
      throw VectorError(.protocolViolation, "\(what) claims \(vector.dimensions) dimensions")
    }
    let shape = try request.check(what, dimensions: vector.dimensions, metric: metric)
    let isOurs = fields[RedisColumn.namespaceField]?.kind == .tag
    let own = prefixes.count == 1 ? prefixes[0] : ByteString([])
    if let asked = settings.prefix, asked != own {
      throw VectorError(
        .conflict, "\(what) is over keys beginning with \(quoted(own)), option \"prefix\" asks for \(quoted(asked))")
    }
    return RedisIndex(
      keys: RedisKeys(prefix: own, hasNamespaces: isOurs), shape: shape, algorithm: algorithm,
      vectorField: vector.attribute, vectorIdentifier: vector.identifier, fields: fields, failures: failures)
  }

  private func vectorField(_ settings: RedisSettings, _ what: String) throws(VectorError) -> Vector {
    if let name = settings.vectorField {
      if let vector = vectors.first(where: { $0.attribute == name }) { return vector }
      throw VectorError(.notFound, "\(what) has no vector field \(quoted(name)), which option \"vector_field\" names")
    }
    if vectors.count == 1 { return vectors[0] }
    if vectors.isEmpty { throw VectorError(.unsupported, "\(what) has no vector field") }
    let names = vectors.map { quoted($0.attribute) }.joined(separator: ", ")
    throw VectorError(.invalidOption, "\(what) has the vector fields \(names): option \"vector_field\" must name one")
  }
}
