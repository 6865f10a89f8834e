import FoundationEssentials
import Support
import SwiftProtobuf
import Testing

@testable import VectorBackends
@testable import VectorModel

/// A search as it goes out, and its hits as they come back.
@Suite struct MilvusSearchTests {
  private let queries: [Float] = [1, 2, 3, 4, 5, 6]

  private func withQueries<Result>(_ body: (VectorRows) throws -> Result) rethrows -> Result {
    try queries.withUnsafeBytes { bytes in
      try body(VectorRows(base: bytes.baseAddress, count: 3, dimensions: 2, strideBytes: 8))
    }
  }

  private func sent(_ frame: MilvusSearchFrame, _ range: Range<Int>) throws -> MilvusWireSearchRequest {
    let buffer = try withQueries { try frame.frame($0, range) }
    defer { withExtendedLifetime(buffer) {} }
    let message = try GRPCFrame.message(of: UnsafeRawBufferPointer(buffer.elements))
    return try MilvusWireSearchRequest(serializedBytes: Array(message))
  }

  @Test func aSearchIsWritten() throws {
    var frame = MilvusSearchFrame(
      database: "db", collection: "docs", condition: Array("(a > 1)".utf8), outputFields: ["metadata", "vector"],
      parameters: [("topk", "3"), ("params", String(repeating: "x", count: 200))], consistency: .bounded)
    frame.partition = "ns_t"
    let request = try sent(frame, 1..<3)
    #expect((request.dbName, request.collectionName, request.partitionNames) == ("db", "docs", ["ns_t"]))
    #expect((request.dsl, request.dslType) == ("(a > 1)", 1))
    #expect(request.outputFields == ["metadata", "vector"])
    #expect(request.searchParams.map(\.key) == ["topk", "params"])
    #expect(request.searchParams.map(\.value) == ["3", String(repeating: "x", count: 200)])
    #expect((request.nq, request.consistencyLevel) == (2, 2))
    let group = try MilvusWirePlaceholderGroup(serializedBytes: request.placeholderGroup)
    #expect(group.placeholders.map(\.tag) == ["$0"])
    #expect(group.placeholders.map(\.type) == [101])
    let floats = queries.withUnsafeBytes { Data($0) }
    #expect(group.placeholders.map(\.values) == [[floats[8..<16], floats[16...]]])
  }

  @Test func whatIsEmptyIsLeftOut() throws {
    let frame = MilvusSearchFrame(
      database: "", collection: "docs", condition: [], outputFields: [], parameters: [], consistency: .strong)
    var expected = MilvusWireSearchRequest()
    expected.collectionName = "docs"
    expected.dslType = 1
    expected.nq = 1
    var request = try sent(frame, 0..<1)
    request.placeholderGroup = Data()
    #expect(request == expected)
  }

  // MARK: - Hits

  private func hits(
    _ keys: [String], _ scores: [Float], _ counts: [Int64], queries: Int = 1, k: Int = 3, namespace: String = "",
    metric: Metric = .dot, maxDistance: Double? = nil
  ) throws -> (ids: [String], distances: [Float], offsets: [UInt64]) {
    let shape = CollectionShape(dimensions: 2, metric: metric)
    var answer = MilvusWireSearchResults()
    answer.results.ids.strID.data = keys
    answer.results.scores = scores
    answer.results.topks = counts
    let buffer = ColumnBuffer<UInt8>()
    let bytes: [UInt8] = try answer.serializedBytes()
    for byte in bytes { #expect(buffer.append(byte)) }
    let columns = try MilvusColumns(
      .search, UnsafeRawBufferPointer(buffer.elements), owner: buffer,
      MilvusCollection(shape: shape, index: .flat, isLite: false))
    let results = try ResultColumns(kind: .search, dimensions: 2, include: [])
    try withQueries { rows in
      var request = SearchRequest(queries: rows, k: k, filter: nil, include: [])
      request.maxDistance = maxDistance
      let hits = try MilvusHits(columns, queries: queries, request, shape, MilvusPlace(ByteString(namespace)))
      try hits.append(queries: queries, to: results)
    }
    let offsets = Array(results.idOffsets.elements)
    let ids = results.ids.elements
    defer { withExtendedLifetime(results) {} }
    return (
      (1..<offsets.count).map { String(decoding: ids[Int(offsets[$0 - 1])..<Int(offsets[$0])], as: UTF8.self) },
      Array(results.distances.elements), Array(results.rowOffsets.elements)
    )
  }

  @Test func hitsAreOrderedByDistanceAndId() throws {
    let found = try hits(["c", "b", "a", "z", "y"], [1, 2, 1, 5, 6], [3, 2], queries: 2)
    #expect(found.ids == ["b", "a", "c", "y", "z"])
    #expect(found.distances == [-2, -1, -1, -6, -5])
    #expect(found.offsets == [0, 3, 5])
  }

  @Test func hitsOfOthersAndFarOnesAreLeftOut() throws {
    let found = try hits(["_vdb_ns_t:a", "a", "_vdb_ns_t:b"], [1, 2, 3], [3], namespace: "t", maxDistance: -2)
    #expect(found.ids == ["b"])
    #expect(found.offsets == [0, 1])
  }

  @Test func noHitsNeedNoCounts() throws {
    #expect(try hits([], [], [], queries: 2).offsets == [0, 0, 0])
    #expect(try hits([], [], [0, 0], queries: 2).offsets == [0, 0, 0])
  }

  @Test(
    arguments: [
      (["a", "b"], [1, 2], [1]), (["a", "b"], [1, 2], [3]), (["a", "b"], [1], [2]), (["a", "b"], [1, 2, 3], [2]),
      (["a", "b"], [1, 2], []), (["a", "b"], [1, 2], [1, 1]), (["a", "b"], [1, 2], [-1]),
      (["a", "b", "c", "d"], [1, 2, 3, 4], [4]), (["a"], [1], [.min]), (["a"], [1], [.max]), (["a"], [.nan], [1]),
    ] as [([String], [Float], [Int64])])
  func anAnswerMustFitItsQueries(_ keys: [String], _ scores: [Float], _ counts: [Int64]) {
    #expect {
      try hits(keys, scores, counts)
    } throws: { ($0 as? VectorError)?.status == .protocolViolation }
  }
}
