import Support
import Testing
import VectorBackends
import VectorModel

@Suite struct SearchTests {
  private func line() throws -> MemoryBackend {
    let backend = makeBackend()
    let ids = (0..<10).map { "r\($0)" }
    try backend.put(
      ids, (0..<10).map { [Float($0), 0, 0, 0] }, "[" + (0..<10).map { "{\"n\":\($0)}" }.joined(separator: ",") + "]")
    return backend
  }

  @Test func answersNearestFirstWithWhatWasAsked() throws {
    let backend = try line()
    let answer = try backend.nearest([[2.25, 0, 0, 0]], k: 3, include: [.metadata, .vectors])
    #expect(answer.ids(ofQuery: 0) == ["r2", "r3", "r1"])
    #expect(Array(answer.distances.elements) == [0.25, 0.75, 1.25])
    let scores: [Float] = [1 / 1.25, 1 / 1.75, 1 / 2.25]
    #expect(Array(answer.scores.elements) == scores)
    #expect(answer.rows.map(\.metadata) == [#"{"n":2}"#, #"{"n":3}"#, #"{"n":1}"#])
    #expect(answer.rows[1].vector == [3, 0, 0, 0])
    let bare = try backend.nearest([[0, 0, 0, 0]], k: 1)
    #expect(bare.metadata.count == 0 && bare.vectors.count == 0)
  }

  @Test func manyQueriesAreDividedByRowOffsets() throws {
    let backend = try line()
    let answer = try backend.nearest([[0, 0, 0, 0], [9, 0, 0, 0], [5, 0, 0, 0]], k: 2, #"{"n":{"$ne":9}}"#)
    #expect(answer.queryCount == 3)
    #expect(answer.ids(ofQuery: 0) == ["r0", "r1"])
    #expect(answer.ids(ofQuery: 1) == ["r8", "r7"])
    #expect(answer.ids(ofQuery: 2) == ["r5", "r4"])
  }

  @Test func tiesGoByIDBytes() throws {
    let backend = makeBackend()
    try backend.put(["b", "a", "ab", "\u{7F}", "é"], Array(repeating: [1, 1, 1, 1], count: 5))
    #expect(try backend.nearest([[0, 0, 0, 0]], k: 4).ids(ofQuery: 0) == ["a", "ab", "b", "\u{7F}"])
  }

  @Test func moreThanThereAreGivesWhatThereIs() throws {
    let backend = try line()
    try backend.remove(["r3"])
    #expect(try backend.nearest([[3, 0, 0, 0]], k: .max).ids(ofQuery: 0).count == 9)
    #expect(try backend.nearest([[3, 0, 0, 0]], k: 5, #"{"n":77}"#).ids(ofQuery: 0) == [])
    let nobody = try backend.nearest([[3, 0, 0, 0], [1, 0, 0, 0]], k: 5, namespace: "empty")
    #expect(nobody.queryCount == 2)
    #expect(nobody.rowCount == 0)
  }

  @Test func boundsDropWhatIsTooFar() throws {
    let backend = try line()
    #expect(try backend.nearest([[0, 0, 0, 0]], k: 9) { $0.maxDistance = 2 }.ids(ofQuery: 0) == ["r0", "r1", "r2"])
    #expect(try backend.nearest([[0, 0, 0, 0]], k: 9) { $0.minScore = 0.5 }.ids(ofQuery: 0) == ["r0", "r1"])
    #expect(try backend.nearest([[0, 0, 0, 0]], k: 9) { $0.maxDistance = -1 }.ids(ofQuery: 0) == [])
  }

  @Test func neighboursOfARecordLeaveItOut() throws {
    let backend = try line()
    let request = SearchRequest(
      queries: VectorRows(base: nil, count: 0, dimensions: 4, strideBytes: 16), k: 2, filter: nil, include: [])
    let near = try backend.search(near: "r4", request, namespace: "", context: .unbounded)
    #expect(near.ids(ofQuery: 0) == ["r3", "r5"])
    let error = status { _ = try backend.search(near: "r99", request, namespace: "", context: .unbounded) }
    #expect(error?.status == .notFound)
    #expect(try backend.nearest([[4, 0, 0, 0]], k: 2) { $0.excludedID = "r4" }.ids(ofQuery: 0) == ["r3", "r5"])
    #expect(try backend.nearest([[4, 0, 0, 0]], k: 1) { $0.excludedID = "no such" }.ids(ofQuery: 0) == ["r4"])
  }

  @Test(arguments: [1, 2, 7, 15, 16, 17, 65, 384, 1001])
  func anyDimension(dimensions: Int) throws {
    var random = SeededRandom(UInt64(dimensions))
    let backend = makeBackend(dimensions: dimensions, metric: .cosine)
    // Several chunks, so that rows lie in the middle of some and at the end of others.
    let vectors = (0..<700).map { _ in (0..<dimensions).map { _ in Float.random(in: -1...1, using: &random) } }
    try backend.put((0..<700).map { "r\($0)" }, vectors)
    for target in [0, 255, 256, 511, 512, 699] {
      let answer = try backend.nearest([vectors[target]], k: 700, include: .vectors)
      #expect(answer.rowCount == 700)
      // In one dimension all rows of one sign are equally near.
      if dimensions > 1 { #expect(answer.rows.first?.id == "r\(target)") }
      #expect(answer.rows.first { $0.id == "r\(target)" }?.vector == vectors[target])
    }
  }
}
