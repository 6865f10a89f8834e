import Support
import Testing
import VectorModel

@testable import VectorStore

/// Columns against the evaluation of rows, which defines what a filter means.
@Suite(.serialized) struct MetadataIndexTests {
  private let store: NamespaceStore

  init() throws {
    store = try #require(NamespaceStore(settings: StoreSettings(dimensions: 1, metric: .l2, threads: 2)))
  }

  @Test func columnsAgreeWithTheEvaluationOfRows() throws {
    var random = Random(state: 20)
    let ids = (0..<9_000).map { "r\($0)" }
    for start in stride(from: 0, to: ids.count, by: 1_000) {
      try put(store, Array(ids[start..<start + 1_000])) { _ in record(using: &random) }
    }
    var before: Snapshot?
    var matched = 0
    for round in 0..<300 {
      if round == 150 {
        before = store.snapshot
        _ = try withPacked(ids.filter { _ in Int.random(in: 0..<3, using: &random) == 0 }) {
          try store.delete(ids: $0, context: .unbounded)
        }
      }
      let wanted = Filter(expression(depth: 3, using: &random))
      matched += try check(wanted, store.snapshot)
      // An older snapshot over the same columns.
      if let before { _ = try check(wanted, before) }
    }
    #expect(matched > 100_000, "filters that match nothing prove nothing")
    var seen: Set<String> = []
    for view in store.snapshot.chunks.dropLast() {
      for key in keys {
        guard let column = column(key, of: view) else { continue }
        seen.insert(name(column.form))
        if key == "tags", column.rows > 1_000 { #expect(name(column.form) == "postings", "60 tags have a bitmap each") }
      }
    }
    #expect(seen == ["postings", "codes", "numbers", "signatures"])
  }

  /// The rows the masks choose are the rows that match; returns how many.
  private func check(_ wanted: Filter, _ snapshot: Snapshot) throws -> Int {
    let masks = try RowMasks(snapshot, filter: wanted, excluded: nil, threads: 2, context: .unbounded)
    var total = 0
    for (index, view) in snapshot.chunks.enumerated() {
      let expected = (0..<view.count).filter {
        view.chunk.end($0) > snapshot.sequence && wanted.matches(view.chunk.metadata($0))
      }
      #expect(Array(masks.rows(ofChunk: index, in: snapshot)) == expected, "\(wanted.expression) in chunk \(index)")
      total += expected.count
    }
    return total
  }

  @Test func onlyFinishedSegmentsGetColumnsAndOnlyOncePerKey() throws {
    try put(store, (0..<300).map { "r\($0)" }) { "{\"a\":\($0 % 3)}" }
    for _ in 0..<3 { #expect(try count("{\"a\":1}") == 100) }
    let chunks = store.snapshot.chunks
    let first = try #require(column("a", of: chunks[0]))
    #expect(try count("{\"a\":{\"$ne\":1}}") == 200)
    #expect(column("a", of: chunks[0]) === first)
    #expect(column("a", of: chunks[1]) == nil)
    // The seventh chunk has room for two segments.
    try put(store, (300..<15_000).map { "r\($0)" }) { "{\"a\":\($0 % 3)}" }
    #expect(try count("{\"a\":1}") == 15_000 / 3)
    let last = try #require(store.snapshot.chunks.last)
    #expect(last.chunk.capacity == 8_192 && last.count < 8_192)
    #expect(column("a", of: last, segment: 0) != nil)
    #expect(column("a", of: last, segment: 1) == nil)
  }

  @Test func manyKeysDoNotFillTheMemory() throws {
    try put(store, (0..<600).map { "r\($0)" }) { "{\"id\":\"\($0)\"}" }
    for key in 0..<1000 { #expect(try count("{\"key\(key)\":{\"$ne\":1}}") == 600) }
    let footprint = store.snapshot.chunks[0].chunk.columns.footprint
    #expect(footprint > 0 && footprint < 32 * 64)
    #expect(try count("{\"id\":\"17\"}") == 1)
  }

  @Test func aColumnTakesAFewBytesARow() throws {
    try put(store, (0..<60_000).map { "r\($0)" }) { row in
      "{\"genre\":\"g\(row % 8)\",\"year\":\(1950 + row % 70),\"price\":\(Double(row) / 7),\"title\":\"title \(row)\"}"
    }
    let perRow = ["genre": 1.1, "year": 1.6, "price": 8.1, "title": 4.1]
    for (key, most) in perRow {
      #expect(try count("{\"\(key)\":{\"$exists\":true}}") == 60_000)
      let view = try #require(store.snapshot.chunks.dropLast().last)
      let used = Double(try #require(column(key, of: view)).footprint) / Double(MetadataColumn.segmentRows)
      #expect(used <= most, "\(key): \(used) bytes a row")
    }
  }

  @Test func readersBuildWhileTheWriterWrites() throws {
    let store = store
    let ids = (0..<600).map { "r\($0)" }
    @Sendable func fill(_ round: Int) throws {
      try put(store, ids) {
        "{\"half\":\($0 % 2),\"round\":\(round),\"id\":\"\($0)-\(round)\",\"k\(round % 40)\":true}"
      }
    }
    try fill(0)
    let done = AtomicWord(0)
    let wrong = AtomicWord(0)
    WorkerPool(helpers: 3).run(tasks: 4, threads: 4) { task in
      if task == 0 {
        for round in 1..<150 where (try? fill(round)) == nil { wrong.add(1) }
        done.store(1)
        return
      }
      var round = 0
      repeat {
        let key = "k\(round % 40)"
        if (try? countMatching(store, "{\"half\":1}")) != 300 { wrong.add(1) }
        if (try? countMatching(store, "{\"$or\":[{\"half\":{\"$lt\":1}},{\"round\":{\"$lt\":0}}]}")) != 300 {
          wrong.add(1)
        }
        if (try? countMatching(store, "{\"id\":{\"$exists\":true},\"half\":{\"$not\":{\"$in\":[0]}}}")) != 300 {
          wrong.add(1)
        }
        if let some = try? countMatching(store, "{\"\(key)\":true}"), some == 0 || some == 600 {} else { wrong.add(1) }
        round += 1
      } while done.load() == 0
    }
    #expect(wrong.load() == 0)
    #expect(try count("{\"id\":\"7-149\"}") == 1)
  }

  @Test func buildingAndAskingStopWhenTold() throws {
    try put(store, (0..<40_000).map { "r\($0)" }) { "{\"id\":\"\($0)\",\"number\":\($0)}" }
    let cancel = CancelToken()
    cancel.cancel()
    // 4,000 leaves for each row: seconds of work if nobody looked at the clock.
    let parts = (0..<4_000).map {
      FilterExpression.equals(key: $0 % 2 == 0 ? "id" : "other", .string(ByteString("x\($0)")))
    }
    let long = Filter(.or(parts))
    let cancelled = CallContext(cancel: cancel)
    let calls: [() throws -> Void] = [
      { _ = try store.count(matching: long, context: cancelled) },
      { _ = try store.count(matching: Filter(.exists(key: "number")), context: cancelled) },
      { _ = try store.page(page(long), context: cancelled) },
      { _ = try store.delete(matching: long, context: cancelled) },
    ]
    for call in calls {
      let failure = #expect(throws: VectorError.self) { try call() }
      #expect(failure?.status == .cancelled)
    }
    let start = monotonicNanoseconds()
    let failure = #expect(throws: VectorError.self) {
      _ = try store.count(matching: long, context: CallContext(deadline: start + 2_000_000))
    }
    #expect(failure?.status == .timeout)
    #expect(monotonicNanoseconds() - start < 300_000_000)
    #expect(try count("{\"number\":{\"$lt\":100}}") == 100)
  }

  @Test func pagesHoldTheMatchesInOrderWithAndWithoutColumns() throws {
    try put(store, (0..<10_000).map { "r\($0)" }) { "{\"a\":\($0 % 3)}" }
    _ = try withPacked((0..<10_000).filter { $0 % 5 == 0 }.map { "r\($0)" }) {
      try store.delete(ids: $0, context: .unbounded)
    }
    let wanted = Filter(.equals(key: "a", .number(1)))
    let expected = (0..<10_000).filter { $0 % 3 == 1 && $0 % 5 != 0 }.map { "r\($0)" }
    for round in 0..<2 {
      var found: [String] = []
      var token: [UInt8] = []
      repeat {
        let results = try store.page(page(wanted, token), context: .unbounded)
        for row in 0..<results.rowCount {
          let start = Int(results.idOffsets.elements[row])
          found.append(
            String(decoding: results.ids.elements[start..<Int(results.idOffsets.elements[row + 1])], as: UTF8.self))
        }
        token = Array(results.nextPage.elements.dropLast())
      } while !token.isEmpty
      #expect(found == expected, "round \(round)")
      #expect(try store.count(matching: wanted, context: .unbounded) == expected.count)
    }
  }

  private func page(_ filter: Filter, _ token: [UInt8] = []) -> PageRequest {
    PageRequest(limit: 77, token: token, filter: filter, include: [])
  }

  private func count(_ json: String) throws -> Int { try countMatching(store, json) }

  private func column(_ key: String, of view: ChunkView, segment: Int = 0) -> MetadataColumn? {
    let probe = Filter(.exists(key: ByteString(key)))
    return withExtendedLifetime(probe) { view.chunk.columns.column(for: probe.leaves[0], segment: segment, rows: 1) }
  }

  private func name(_ form: MetadataColumn.Form) -> String {
    switch form {
    case .postings: "postings"
    case .codes: "codes"
    case .numbers: "numbers"
    case .signatures: "signatures"
    case .rowByRow: "row by row"
    }
  }

  // MARK: Random records and filters

  private let keys = ["few", "some", "many", "number", "text", "tags", "mixed", "all", "none"]

  private func value(_ key: String, using random: inout Random) -> String {
    func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
    switch key {
    case "few": return ["1", "1.0", "true", "false", "\"a\"", "\"\"", "[\"a\",\"b\"]"][pick(7)]
    case "some": return pick(2) == 0 ? "\(pick(15))" : "\"\(pick(15))\""
    case "many": return pick(4) == 0 ? "[\"\(pick(4))\",\"\(pick(40))\"]" : "\(pick(100))"
    case "number": return "\(Double(pick(1_000_000)) / 4)"
    case "text": return "\"\(pick(1_000_000))\""
    case "tags": return "[" + (0...pick(4)).map { _ in "\"\(pick(60))\"" }.joined(separator: ",") + "]"
    case "mixed": return ["\(pick(1_000_000))", "\"\(pick(1_000_000))\"", "true", "[\"\(pick(50))\"]"][pick(4)]
    default: return "\(pick(400))"
    }
  }

  private func record(using random: inout Random) -> String {
    let fields = keys.shuffled(using: &random).filter { key in
      key == "all" || key != "none" && Int.random(in: 0..<5, using: &random) > 0
    }
    return "{" + fields.map { "\"\($0)\":\(value($0, using: &random))" }.joined(separator: ",") + "}"
  }

  private func scalar(_ key: String, using random: inout Random) -> MetadataScalar {
    let snapshot = store.snapshot
    let view = snapshot.chunks[Int.random(in: 0..<snapshot.chunks.count, using: &random)]
    let slot = Int.random(in: 0..<view.count, using: &random)
    for field in MetadataEncoding.fields(of: view.chunk.metadata(slot)) where ByteString(field.key) == ByteString(key) {
      switch field.value {
      case .string(let bytes): return .string(ByteString(bytes))
      case .number(let number): return .number(number)
      case .bool(let bool): return .bool(bool)
      case .strings(var items): return .string(items.next().map { ByteString($0) } ?? "")
      case .remove: break
      }
    }
    return Bool.random(using: &random) ? .number(Double(slot)) : .string(ByteString("\(slot)"))
  }

  private func expression(depth: Int, using random: inout Random) -> FilterExpression {
    let name = keys.randomElement(using: &random) ?? "few"
    let key = ByteString(name)
    func parts() -> [FilterExpression] {
      (0..<Int.random(in: 1...3, using: &random)).map { _ in expression(depth: depth - 1, using: &random) }
    }
    switch Int.random(in: 0..<(depth > 0 ? 9 : 5), using: &random) {
    case 0: return .equals(key: key, scalar(name, using: &random))
    case 1: return .exists(key: key)
    case 2:
      let count = Int.random(in: 0..<24, using: &random)
      return .oneOf(key: key, (0..<count).map { _ in scalar(name, using: &random) })
    case 3, 4:
      let comparison = FilterExpression.Comparison.allCases.randomElement(using: &random) ?? .less
      return .compares(key: key, comparison, scalar(name, using: &random))
    case 5, 6: return .not(expression(depth: depth - 1, using: &random))
    case 7: return .and(parts())
    default: return .or(parts())
    }
  }
}

private struct Random: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (state ^ (state >> 29)) &* 0xBF58_476D_1CE4_E5B9
  }
}

private func countMatching(_ store: NamespaceStore, _ json: String) throws -> Int {
  let wanted = try Array(json.utf8).withUnsafeBytes { try Filter.parse($0) }
  return try store.count(matching: wanted, context: .unbounded)
}

private func put(_ store: NamespaceStore, _ ids: [String], _ record: (Int) -> String) throws {
  let json = "[" + ids.indices.map(record).joined(separator: ",") + "]"
  let metadata = try Array(json.utf8).withUnsafeBytes {
    try MetadataBatch.parse(json: $0, count: ids.count, patches: false)
  }
  let vectors = [Float](repeating: 1, count: ids.count)
  try withPacked(ids) { packed in
    try vectors.withUnsafeBytes { bytes in
      let rows = VectorRows(base: bytes.baseAddress, count: ids.count, dimensions: 1, strideBytes: 4)
      _ = try store.upsert(
        RecordBatch(ids: packed, vectors: rows, metadata: metadata, selection: nil), context: .unbounded)
    }
  }
}
