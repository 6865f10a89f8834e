import Support
import Testing
import VectorBackends
import VectorModel

/// A reproducible stream of numbers (splitmix64).
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Records in the borrowed form backends take, with memory of their own.
final class Records: @unchecked Sendable {
  private let idBytes: UnsafeMutableBufferPointer<UInt8>
  private let offsets: UnsafeMutableBufferPointer<UInt64>
  private let floats: UnsafeMutableBufferPointer<Float>
  let ids: PackedStrings
  let vectors: VectorRows

  init(ids: [String], vectors: [[Float]] = []) {
    let bytes = ids.flatMap { Array($0.utf8) }
    idBytes = .allocate(capacity: max(bytes.count, 1))
    _ = idBytes.initialize(from: bytes)
    offsets = .allocate(capacity: ids.count + 1)
    var end: UInt64 = 0
    offsets[0] = 0
    for (index, id) in ids.enumerated() {
      end += UInt64(id.utf8.count)
      offsets[index + 1] = end
    }
    let all = vectors.flatMap { $0 }
    floats = .allocate(capacity: max(all.count, 1))
    _ = floats.initialize(from: all)
    let dimensions = vectors.first?.count ?? 0
    self.ids = PackedStrings(
      bytes: UnsafeRawPointer(idBytes.baseAddress), offsets: UnsafePointer(offsets.baseAddress), count: ids.count)
    self.vectors = VectorRows(
      base: UnsafeRawPointer(floats.baseAddress), count: vectors.count, dimensions: dimensions,
      strideBytes: dimensions * 4)
  }

  deinit {
    idBytes.deallocate()
    offsets.deallocate()
    floats.deallocate()
  }
}

func metadata(_ json: String, count: Int, patches: Bool = false) throws -> MetadataBatch {
  try Array(json.utf8).withUnsafeBytes { try MetadataBatch.parse(json: $0, count: count, patches: patches) }
}

func filter(_ json: String) throws -> Filter? {
  try Array(json.utf8).withUnsafeBytes { try Filter.parse($0) }
}

/// One row of an answer.
struct Row: Equatable {
  var id: String
  var metadata: String?
  var vector: [Float]?
  var found = true
}

extension ResultColumns {
  var rows: [Row] {
    (0..<rowCount).map { row in
      let id = ids.elements[Int(idOffsets.elements[row])..<Int(idOffsets.elements[row + 1])]
      var answer = Row(id: String(decoding: id, as: UTF8.self))
      if include.contains(.metadata) {
        let json = metadata.elements[Int(metadataOffsets.elements[row])..<Int(metadataOffsets.elements[row + 1])]
        answer.metadata = String(decoding: json, as: UTF8.self)
      }
      if include.contains(.vectors) {
        answer.vector = Array(vectors.elements[row * dimensions..<(row + 1) * dimensions])
      }
      if kind == .get { answer.found = found.elements[row] == 1 }
      return answer
    }
  }

  /// Rows of one query.
  func ids(ofQuery query: Int) -> [String] {
    rows[Int(rowOffsets.elements[query])..<Int(rowOffsets.elements[query + 1])].map(\.id)
  }

  var token: [UInt8] { nextPage.elements.dropLast() }
}

extension MemoryBackend {
  @discardableResult
  func put(
    _ ids: [String], _ vectors: [[Float]], _ json: String? = nil, namespace: ByteString = ""
  ) throws -> WriteOutcome {
    let records = Records(ids: ids, vectors: vectors)
    let metadata = try json.map { try MemoryBackendTests.metadata($0, count: ids.count) }
    return try withExtendedLifetime(records) {
      try upsert(
        RecordBatch(
          ids: records.ids, vectors: records.vectors, metadata: metadata ?? MetadataBatch(emptyCount: ids.count),
          selection: nil),
        namespace: namespace, context: .unbounded)
    }
  }

  func rows(_ ids: [String], include: Include = [.metadata, .vectors], namespace: ByteString = "") throws -> [Row] {
    let records = Records(ids: ids)
    return try withExtendedLifetime(records) {
      try get(ids: records.ids, include: include, namespace: namespace, context: .unbounded).rows
    }
  }

  @discardableResult
  func remove(_ ids: [String], namespace: ByteString = "") throws -> WriteOutcome {
    let records = Records(ids: ids)
    return try withExtendedLifetime(records) { try delete(ids: records.ids, namespace: namespace, context: .unbounded) }
  }

  @discardableResult
  func change(
    _ ids: [String], _ json: String, replace: Bool = false, namespace: ByteString = ""
  ) throws -> WriteOutcome {
    let records = Records(ids: ids)
    let changes = try metadata(json, count: ids.count, patches: !replace)
    return try withExtendedLifetime(records) {
      try updateMetadata(
        ids: records.ids, changes: changes, replace: replace, namespace: namespace, context: .unbounded)
    }
  }

  func total(_ json: String? = nil, namespace: ByteString = "") throws -> Int {
    let parsed = try json.flatMap { try filter($0) }
    return Int(try count(matching: parsed, namespace: namespace, context: .unbounded).count)
  }

  /// All records, page by page.
  func everything(
    limit: Int, _ json: String? = nil, include: Include = [.metadata, .vectors], namespace: ByteString = ""
  ) throws -> [Row] {
    var rows: [Row] = []
    var token: [UInt8] = []
    repeat {
      let request = PageRequest(
        limit: limit, token: token, filter: try json.flatMap { try filter($0) }, include: include)
      let answer = try page(request, namespace: namespace, context: .unbounded)
      #expect(answer.rowCount <= limit)
      rows += answer.rows
      token = answer.token
    } while !token.isEmpty
    return rows
  }

  func nearest(
    _ queries: [[Float]], k: Int, _ json: String? = nil, include: Include = [], namespace: ByteString = "",
    _ adjust: (inout SearchRequest) -> Void = { _ in }
  ) throws -> ResultColumns {
    let records = Records(ids: [], vectors: queries)
    var request = SearchRequest(
      queries: records.vectors, k: k, filter: try json.flatMap { try filter($0) }, include: include)
    adjust(&request)
    return try withExtendedLifetime(records) { try search(request, namespace: namespace, context: .unbounded) }
  }
}

/// Status of the error `body` throws, nil when it throws none.
func status(of body: () throws -> Void) -> VectorError? {
  do {
    try body()
    return nil
  } catch { return error as? VectorError }
}

func makeBackend(dimensions: Int = 4, metric: Metric = .l2, threads: Int = 2) -> MemoryBackend {
  MemoryBackend(dimensions: dimensions, metric: metric, threads: threads, name: "test")
}
