import Resilience
import Support
import Testing

@testable import VectorBackends
@testable import VectorModel

/// What FT.INFO, FT.SEARCH and SCAN answer, also when a server answers nonsense.
@Suite struct RedisRepliesTests {
  private func bulk(_ words: String...) -> String { words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined() }

  private func info(_ vector: String, prefix: String = "docs:", fields: String = "") -> String {
    "*8\r\n" + bulk("index_definition") + "*4\r\n" + bulk("key_type", "HASH", "prefixes") + "*1\r\n" + bulk(prefix)
      + bulk("attributes") + "*\(fields.isEmpty ? 1 : 2)\r\n" + vector + fields + bulk("num_docs", "17")
      + bulk("indexing")
      + ":1\r\n"
  }

  private func vector(_ metric: String, dimensions: String = "3", algorithm: String = "HNSW", type: String = "FLOAT32")
    -> String
  {
    "*14\r\n"
      + bulk(
        "identifier", "v", "attribute", "vec", "type", "VECTOR", "algorithm", algorithm, "data_type", type, "dim",
        dimensions,
        "distance_metric", metric)
  }

  private func index(_ text: String, _ settings: RedisSettings = RedisSettings(index: "docs")) throws -> RedisIndex {
    var found: Result<RedisIndex, VectorError>?
    try readReplies(text) { reply in
      guard let info = RedisIndexInfo(reply) else { return }
      do throws(VectorError) { found = .success(try info.index(settings, OpenRequest())) } catch {
        found = .failure(error)
      }
    }
    return try #require(found).get()
  }

  @Test func schemasAreUnderstood() throws {
    let tag =
      "*9\r\n"
      + bulk("identifier", "_vdb_ns", "attribute", "_vdb_ns", "type", "TAG", "SEPARATOR", "\u{1f}", "CASESENSITIVE")
    let ours = try index(info(vector("COSINE"), fields: tag))
    #expect(ours.isOurs && ours.keys.prefix == "docs:" && ours.algorithm == .hnsw)
    #expect(ours.shape == CollectionShape(dimensions: 3, metric: .cosine))
    #expect(ours.vectorField == "vec" && ours.vectorIdentifier == "v")
    #expect(ours.fields["_vdb_ns"] == RedisField(identifier: "_vdb_ns", kind: .tag, separator: 0x1f))
    #expect(try !index(info(vector("L2"))).isOurs)
    #expect(try index(info(vector("IP", algorithm: "FLAT"))).shape.metric == .dot)
  }

  @Test func whatCannotBeSearchedIsRefused() throws {
    for text in [
      info(vector("HAMMING")), info(vector("L2", dimensions: "0")), info(vector("L2", dimensions: "99999999")),
      info(vector("L2", dimensions: "-1")), info(vector("L2", algorithm: "SVS")), info(vector("L2", type: "FLOAT64")),
      info("*2\r\n" + bulk("attribute", "x")),
    ] {
      #expect(throws: VectorError.self) { try index(text) }
    }
    var settings = RedisSettings(index: "docs")
    settings.prefix = "other:"
    #expect(throws: VectorError.self) { try index(info(vector("L2")), settings) }
    settings = RedisSettings(index: "docs")
    settings.vectorField = "nothing"
    let error = #expect(throws: VectorError.self) { try index(info(vector("L2")), settings) }
    #expect(error?.status == .notFound && error?.message.contains("nothing") == true)
  }

  @Test func nonsenseIsNoSchema() throws {
    for text in [
      "+OK\r\n", ":1\r\n", "*0\r\n", "*1\r\n+attributes\r\n", "*4\r\n+index_definition\r\n:1\r\n+x\r\n:1\r\n",
    ] {
      try readReplies(text) { #expect(RedisIndexInfo($0) == nil) }
    }
  }

  private func hits(_ text: String, _ metric: Metric = .l2, k: Int = 10, excluded: ByteString? = nil) throws
    -> ResultColumns?
  {
    var index = testIndex([:])
    index.shape = CollectionShape(dimensions: 2, metric: metric)
    let rows = VectorRows(base: nil, count: 0, dimensions: 2, strideBytes: 8)
    var request = SearchRequest(queries: rows, k: k, filter: nil, include: [.metadata])
    request.excludedID = excluded
    let search = RedisSearch("docs", index, request, RedisQuery(), "")
    let results = try ResultColumns(kind: .search, dimensions: 2, include: [.metadata])
    var outcome: Result<Bool, VectorError>?
    try readReplies(text) { reply in
      do throws(VectorError) { outcome = .success(try search.read(reply, into: results)) } catch {
        outcome = .failure(error)
      }
    }
    return try #require(outcome).get() ? results : nil
  }

  private func hit(_ id: String, _ distance: String, _ metadata: String = "{}") -> String {
    bulk("p:" + id) + "*4\r\n" + bulk("__d", distance, "_vdb_meta", metadata)
  }

  private func ids(_ results: ResultColumns?) -> [String] {
    guard let results else { return [] }
    let (offsets, bytes) = (results.idOffsets, results.ids)
    return withExtendedLifetime((offsets, bytes)) {
      (0..<results.rowCount).map { row in
        String(decoding: bytes.elements[Int(offsets.elements[row])..<Int(offsets.elements[row + 1])], as: UTF8.self)
      }
    }
  }

  @Test func hitsAreSortedByDistanceAndID() throws {
    let text = "*9\r\n:4\r\n" + hit("b", "4") + hit("c", "0.25", #"{"k":1}"#) + hit("a", "4") + hit("z", "-0.0001")
    let results = try #require(try hits(text))
    #expect(ids(results) == ["z", "c", "a", "b"])
    withExtendedLifetime(results) { #expect(Array(results.distances.elements) == [0, 0.5, 2, 2]) }
    #expect(ids(try hits(text, k: 2, excluded: "c")) == ["z", "a"])
  }

  @Test func numbersOfTheEngineBecomeThoseOfTheLibrary() throws {
    let text = "*5\r\n:2\r\n" + hit("a", "-3") + hit("b", "2.5")
    for (metric, expected) in [(Metric.dot, [-4, 1.5]), (.cosine, [0, 2])] as [(Metric, [Float])] {
      let results = try #require(try hits(text, metric))
      withExtendedLifetime(results) { #expect(Array(results.distances.elements) == expected) }
    }
  }

  @Test func recordsOfOtherNamespacesAreNotHits() throws {
    #expect(try hits("*3\r\n:1\r\n" + hit("\u{1f}1:ta", "1")) == nil)
    #expect(try hits("*3\r\n:1\r\n" + hit("\u{1f}x", "1")) == nil)
  }

  @Test func recordsThatWentMeanwhileAreLeftOut() throws {
    #expect(ids(try hits("*5\r\n:2\r\n" + bulk("p:a") + "*-1\r\n" + hit("b", "1"))) == ["b"])
  }

  @Test func nonsenseIsNoAnswer() throws {
    for text in [
      "*0\r\n", "+OK\r\n", "*3\r\n:1\r\n:2\r\n*0\r\n",
      "*3\r\n:1\r\n" + bulk("p:a") + "*0\r\n", "*3\r\n:1\r\n" + bulk("p:a") + "*2\r\n" + bulk("__d", "near"),
      "*3\r\n:1\r\n" + hit("a", "1", "no json"), "*3\r\n:1\r\n" + hit("a", "1", "[]"),
    ] {
      #expect(throws: VectorError.self, "\(text)") { try hits(text) }
    }
  }

  @Test func tokensComeBackAsTheyWere() {
    for token in [
      RedisPageToken(server: 0, cursor: 0), RedisPageToken(server: .max, cursor: .max, isLast: true),
      RedisPageToken(server: 5, cursor: 7, ids: ["a", "\u{1f}b", ByteString([UInt8](repeating: 0xff, count: 512))]),
    ] {
      #expect(RedisPageToken(token.text) == token)
      for place in token.text.indices {
        var other = token.text
        other[place] = other[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
        #expect(RedisPageToken(other) != token)
      }
    }
    for text in ["", "x", "!!!!", String(repeating: "A", count: 40)] {
      #expect(RedisPageToken(Array(text.utf8)) == nil)
    }
  }

  @Test func serversAreToldApartByTheirRun() {
    func server(_ text: String) -> UInt64 { ByteString(text).bytes.withUnsafeBytes { RedisPager.server(in: $0) } }
    let first = server("# Server\r\nredis_version:8\r\nrun_id:5da6cc1cc320ad0539810736461163574ae745df\r\nx:1\r\n")
    #expect(first != server("run_id:6da6cc1cc320ad0539810736461163574ae745df\r\n") && first > 1)
    #expect(server("") == 1 && server("run_id:zz\r\n") == 1)
  }
}
