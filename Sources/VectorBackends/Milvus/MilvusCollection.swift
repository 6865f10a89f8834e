import Support
import VectorModel

/// A collection as it was found or made: what its fields are called, and how they are used.
struct MilvusCollection: Sendable, Equatable {
  /// Numbers of field types, as messages carry them.
  enum DataType {
    static let varChar: Int32 = 21
    static let json: Int32 = 23
    static let floatVector: Int32 = 101
  }

  /// What Milvus calls the JSON field that it adds itself.
  static let dynamicField = "$meta"
  /// Length of the key in collections of ours, in bytes. No other tool chooses it, so it also tells them apart.
  static let keyLength = maxIDLength + MilvusPlace.keyOverhead

  var idField = MilvusSettings.Fields.id
  var vectorField = MilvusSettings.Fields.vector
  var metadataField = MilvusSettings.Fields.metadata
  var shape: CollectionShape
  /// Whether this library made it: then partitions are namespaces.
  var isOurs = true
  var isLite = false
  var index: IndexSpec.Kind

  init(shape: CollectionShape, index: IndexSpec.Kind, isLite: Bool) {
    self.shape = shape
    self.index = index
    self.isLite = isLite
  }

  var isDynamic: Bool { metadataField == Self.dynamicField }

  /// In collections of others only the keys are told apart, not what a record's documents hold.
  private var listsBools: Bool { isLite && isOurs }

  var dialect: MilvusFilter.Dialect {
    MilvusFilter.Dialect(isLite: isLite, listsBools: listsBools, field: metadataField)
  }

  func metadata(_ place: MilvusPlace) -> MilvusMetadata {
    MilvusMetadata(listsBools: listsBools, namespace: place.isDigest ? place.namespace : nil)
  }

  /// The partition that records of a namespace are written to; nil = the server chooses, as in a collection that others cut up.
  func partition(_ place: MilvusPlace) -> String? { isOurs || !place.namespace.isEmpty ? place.partition : nil }
}

extension MilvusCollection {
  /// Fields of an existing collection, by the options or by their types.
  ///
  /// Errors: `conflict` naming the field that is missing or of another type, `protocolViolation` for dimensions that are none.
  static func fields(
    _ schema: MilvusProtoCollectionSchema, _ settings: MilvusSettings
  ) throws(VectorError) -> (id: String, vector: String, metadata: String, dimensions: Int, isOurs: Bool) {
    func conflict(_ problem: String) -> VectorError {
      VectorError(.conflict, "collection \"\(settings.collection)\" \(problem)")
    }
    guard let id = schema.fields.first(where: { $0.isPrimaryKey }) else { throw conflict("has no primary key") }
    if let wanted = settings.idField, wanted != id.name {
      throw conflict("has the primary key \(quoted(id.name)), option \"id_field\" asks for \"\(wanted)\"")
    }
    guard id.dataType == DataType.varChar, !id.autoID else {
      throw conflict("has a primary key \(quoted(id.name)) that is no text of ours to choose: ids need a VarChar key")
    }
    let vector = try field(schema, DataType.floatVector, settings.vectorField, Fields.vector, "FloatVector", conflict)
    guard let text = vector.typeParams.first(where: { $0.key == "dim" })?.value, let dimensions = Int(text),
      1...65_536 ~= dimensions
    else {
      throw VectorError(.protocolViolation, "Milvus does not tell the dimensions of field \(quoted(vector.name))")
    }
    let metadata = try metadataField(schema, settings, conflict)
    let length = id.typeParams.first { $0.key == "max_length" }?.value
    let isOurs =
      length == "\(keyLength)" && id.name == Fields.id && vector.name == Fields.vector && metadata == Fields.metadata
    return (id.name, vector.name, metadata, dimensions, isOurs)
  }

  private typealias Fields = MilvusSettings.Fields

  private static func metadataField(
    _ schema: MilvusProtoCollectionSchema, _ settings: MilvusSettings, _ conflict: (String) -> VectorError
  ) throws(VectorError) -> String {
    let hasJSON = schema.fields.contains { $0.dataType == DataType.json && $0.name != dynamicField }
    if settings.metadataField == dynamicField || (settings.metadataField == nil && !hasJSON) {
      guard schema.enableDynamicField else {
        throw conflict("has neither a JSON field nor dynamic fields for metadata")
      }
      return dynamicField
    }
    return try field(schema, DataType.json, settings.metadataField, Fields.metadata, "JSON", conflict).name
  }

  /// The field of a type that an option names, else the one called `usual`, else the only one.
  private static func field(
    _ schema: MilvusProtoCollectionSchema, _ type: Int32, _ wanted: String?, _ usual: String, _ typeName: String,
    _ conflict: (String) -> VectorError
  ) throws(VectorError) -> MilvusProtoFieldSchema {
    let all = schema.fields.filter { $0.dataType == type && $0.name != dynamicField }
    if let wanted {
      guard let found = all.first(where: { $0.name == wanted }) else {
        throw conflict("has no \(typeName) field \"\(wanted)\"")
      }
      return found
    }
    if let found = all.first(where: { $0.name == usual }) ?? (all.count == 1 ? all.first : nil) { return found }
    throw conflict(
      all.isEmpty ? "has no \(typeName) field" : "has \(all.count) \(typeName) fields: an option must name one")
  }

  /// The schema of a collection of ours, as Milvus takes it.
  static func schema(_ name: String, dimensions: Int) -> MilvusProtoCollectionSchema {
    func field(_ name: String, _ type: Int32, _ parameter: (String, String)? = nil) -> MilvusProtoFieldSchema {
      var field = MilvusProtoFieldSchema()
      field.name = name
      field.dataType = type
      if let parameter { field.typeParams = [.init(parameter.0, parameter.1)] }
      return field
    }
    var schema = MilvusProtoCollectionSchema()
    schema.name = name
    schema.fields = [
      field(Fields.id, DataType.varChar, ("max_length", "\(keyLength)")),
      field(Fields.vector, DataType.floatVector, ("dim", "\(dimensions)")), field(Fields.metadata, DataType.json),
    ]
    schema.fields[0].isPrimaryKey = true
    return schema
  }
}

extension MilvusProtoKeyValuePair {
  init(_ key: String, _ value: String) {
    self.init()
    self.key = key
    self.value = value
  }
}

extension Metric {
  /// As Milvus writes it.
  var milvusName: String {
    switch self {
    case .cosine: "COSINE"
    case .l2: "L2"
    case .dot: "IP"
    }
  }

  init?(milvusName: String) {
    guard let metric = Metric.allCases.first(where: { $0.milvusName == milvusName.uppercased() }) else { return nil }
    self = metric
  }

  /// The distance of a hit by the number that Milvus calls its distance: the cosine, the squared distance, the product. Tiny
  /// errors of rounding are taken out; nil for what is no number.
  func distance(milvus number: Float) -> Float? {
    if number.isNaN { return nil }
    switch self {
    case .cosine: return min(max(1 - number, 0), 2)
    case .l2: return max(number, 0).squareRoot()
    case .dot: return 0 - number
    }
  }
}

extension IndexSpec {
  /// What CreateIndex takes. "auto" takes no parameters: the server knows better.
  func milvusParameters(_ metric: Metric) -> [MilvusProtoKeyValuePair] {
    let common = [
      MilvusProtoKeyValuePair("index_type", kind.milvusName), MilvusProtoKeyValuePair("metric_type", metric.milvusName),
    ]
    switch kind {
    case .auto, .flat: return common
    case .hnsw: return common + [.init("params", "{\"M\":\(m ?? 16),\"efConstruction\":\(efConstruction ?? 200)}")]
    case .ivf: return common + [.init("params", "{\"nlist\":\(lists ?? 1024)}")]
    }
  }
}

extension IndexSpec.Kind {
  /// As Milvus writes it.
  var milvusName: String {
    switch self {
    case .auto: "AUTOINDEX"
    case .flat: "FLAT"
    case .hnsw: "HNSW"
    case .ivf: "IVF_FLAT"
    }
  }

  /// The kind of an existing index; one of another family counts as "auto", about which nothing is known.
  init(milvusName name: String) {
    switch name.uppercased() {
    case "FLAT", "BRUTE_FORCE": self = .flat
    case let name where name.hasPrefix("HNSW"): self = .hnsw
    case let name where name.hasPrefix("IVF"): self = .ivf
    default: self = .auto
    }
  }
}
