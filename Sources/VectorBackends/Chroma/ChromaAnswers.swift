import Support
import VectorModel

/// What answers hold. Everything is outside data: a column that is missing, too short or of another type is a violation of the
/// protocol, never an index out of bounds.
enum ChromaAnswers {
  /// An answer that is not what the protocol says.
  struct Violation: Error {
    let message: String
  }

  /// What a collection says of itself.
  struct Collection {
    let id: ByteString
    let dimensions: Int?
    let metric: Metric?
    let lists: ChromaLists

    init(_ value: JSONValue) throws(Violation) {
      guard let id = value["id"]?.string, id.count == 36, id.bytes.allSatisfy(Self.isInUUID) else {
        throw Violation(message: "a collection without a usable id")
      }
      self.id = id
      let ours = value["metadata"]?[ChromaBodies.dimensionsKey]?.integer
      dimensions = (value["dimension"]?.integer ?? ours).flatMap { Int(exactly: $0) }
      lists = ours == nil ? .native : .fields
      // The local server keeps an HNSW graph, the hosted one another index: whichever it is says the space.
      let configuration = value["configuration_json"]
      let space = configuration?["hnsw"]?["space"]?.string ?? configuration?["spann"]?["space"]?.string
      metric = space.flatMap(ChromaBodies.metric(ofSpace:))
    }

    /// It goes into paths as it is.
    private static func isInUUID(_ byte: UInt8) -> Bool {
      switch byte {
      case 0x30...0x39, 0x41...0x46, 0x61...0x66, 0x2D: true
      default: false
      }
    }
  }

  /// What the server takes at once.
  struct Limits: Sendable {
    /// Records in one request.
    var maxBatch = 100
    /// Whether vectors may come as base64.
    var takesBase64 = false

    /// For a server that does not say.
    init() {}

    init(_ value: JSONValue) {
      if let count = value["max_batch_size"]?.integer, count > 0 { maxBatch = Int(min(count, 10_000)) }
      takesBase64 = value["supports_base64_encoding"]?.bool ?? false
    }
  }

  /// The ids of a "get", in its order.
  static func ids(_ value: JSONValue) throws(Violation) -> [ByteString] {
    guard let column = value["ids"], column.kind == .array else { throw Violation(message: "no ids") }
    var ids: [ByteString] = []
    ids.reserveCapacity(column.count)
    for element in column.elements {
      guard let id = element.string else { throw Violation(message: "an id that is no string") }
      ids.append(id)
    }
    return ids
  }

  /// The keys each record of a "get" has, ours among them.
  static func keys(_ value: JSONValue) throws(Violation) -> [ByteString: [ByteString]] {
    let ids = try ids(value)
    let metadata = try column(value, "metadatas", ids.count)
    var keys: [ByteString: [ByteString]] = [:]
    for (id, metadata) in zip(ids, metadata.elements) { keys[id] = metadata.members.map(\.key) }
    return keys
  }

  /// A column of as many elements as there are ids.
  static func column(_ value: JSONValue, _ name: String, _ count: Int) throws(Violation) -> JSONValue {
    guard let column = value[name], column.kind == .array, column.count == count else {
      throw Violation(message: "\(name) for other records than ids")
    }
    return column
  }

  /// How many records a "delete" deleted, where it says so.
  static func deleted(_ value: JSONValue) -> Int? {
    value["deleted"]?.integer.flatMap { Int(exactly: $0) }.flatMap { $0 >= 0 ? $0 : nil }
  }

  /// Appends a vector. Errors: `outOfMemory`.
  static func append(
    vector value: JSONValue, dimensions: Int, to vectors: ColumnBuffer<Float>
  ) throws(Violation) -> Bool {
    guard value.kind == .array, value.count == dimensions else {
      throw Violation(message: "a vector of \(value.count) dimensions instead of \(dimensions)")
    }
    guard let target = vectors.extend(by: dimensions) else { return false }
    var at = 0
    for element in value.elements {
      guard at < dimensions, let number = element.double else {
        throw Violation(message: "a vector that holds something else than numbers")
      }
      target[at] = Float(number)
      at += 1
    }
    return true
  }
}
