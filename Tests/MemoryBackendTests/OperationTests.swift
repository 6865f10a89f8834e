import Support
import Testing
import VectorBackends
import VectorModel

@Suite struct OperationTests {
  @Test func whatIsWrittenComesBack() throws {
    let backend = makeBackend()
    let outcome = try backend.put(
      ["a", "b", "c"], [[1, 2, 3, 4], [-0.0, .leastNonzeroMagnitude, 1, 0], [9, 9, 9, 9]],
      #"[{"x": 5.0}, null, {"t": ["u", "v"]}]"#)
    #expect(outcome.applied == 3)
    #expect(
      try backend.rows(["c", "missing", "a", "b"]) == [
        Row(id: "c", metadata: #"{"t":["u","v"]}"#, vector: [9, 9, 9, 9]),
        Row(id: "missing", metadata: "", vector: [0, 0, 0, 0], found: false),
        Row(id: "a", metadata: #"{"x":5}"#, vector: [1, 2, 3, 4]),
        Row(id: "b", metadata: "{}", vector: [-0.0, .leastNonzeroMagnitude, 1, 0]),
      ])
    let b = try #require(backend.rows(["b"]).first?.vector)
    #expect(b[0].sign == .minus, "vectors come back bit by bit")
  }

  @Test func replacingKeepsOneRecord() throws {
    let backend = makeBackend()
    try backend.put(["a"], [[1, 0, 0, 0]], #"[{"v": 1}]"#)
    try backend.put(["a"], [[2, 0, 0, 0]])
    #expect(try backend.rows(["a"]) == [Row(id: "a", metadata: "{}", vector: [2, 0, 0, 0])])
    #expect(try backend.total() == 1)
    #expect(try backend.everything(limit: 10).count == 1)
  }

  @Test func theLastOfEachIDIsWritten() throws {
    let backend = makeBackend()
    let records = Records(ids: ["a", "b", "a"], vectors: [[1, 0, 0, 0], [2, 0, 0, 0], [3, 0, 0, 0]])
    let batch = RecordBatch(
      ids: records.ids, vectors: records.vectors, metadata: try metadata("[{\"n\":1},{\"n\":2},{\"n\":3}]", count: 3),
      selection: try RepeatedIDs(records.ids, context: .unbounded))
    let outcome = try backend.upsert(batch, namespace: "", context: .unbounded)
    withExtendedLifetime(records) {}
    #expect(outcome.applied == 3)
    #expect(try backend.total() == 2)
    #expect(try backend.rows(["a"]) == [Row(id: "a", metadata: #"{"n":3}"#, vector: [3, 0, 0, 0])])
  }

  @Test func idsAreBytes() throws {
    let backend = makeBackend()
    try backend.put(["caf\u{E9}", "cafe\u{301}"], [[1, 0, 0, 0], [2, 0, 0, 0]])
    #expect(try backend.total() == 2)
    #expect(try backend.rows(["cafe\u{301}"])[0].vector == [2, 0, 0, 0])
  }

  @Test func deletingCountsWhatWasThere() throws {
    let backend = makeBackend()
    try backend.put(["a", "b"], [[1, 0, 0, 0], [2, 0, 0, 0]])
    let outcome = try backend.remove(["b", "x", "b"])
    #expect(outcome.applied == 3)
    #expect(outcome.deleted == 1)
    #expect(try backend.remove(["b"]).deleted == 0)
    #expect(try backend.total() == 1)
    try backend.put(["b"], [[7, 0, 0, 0]])
    #expect(try backend.rows(["b"])[0].vector == [7, 0, 0, 0])
    #expect(try backend.remove(["q"], namespace: "nobody").deleted == 0)
  }

  @Test func deletingByFilter() throws {
    let backend = makeBackend()
    try backend.put(
      ["a", "b", "c"], Array(repeating: [1, 0, 0, 0], count: 3), #"[{"n": 1}, {"n": 2}, {"n": 3}]"#)
    let bound = try #require(try filter(#"{"n": {"$gte": 2}}"#))
    #expect(try backend.delete(matching: bound, namespace: "", context: .unbounded).deleted == 2)
    #expect(try backend.delete(matching: bound, namespace: "", context: .unbounded).deleted == 0)
    #expect(try backend.everything(limit: 5).map(\.id) == ["a"])
  }

  @Test func metadataMergesAndIsReplaced() throws {
    let backend = makeBackend()
    try backend.put(["a", "b"], [[1, 2, 3, 4], [5, 6, 7, 8]], #"[{"x": 1, "y": "k"}, {"z": true}]"#)
    try backend.change(["a"], #"[{"y": null, "w": 2}]"#)
    #expect(try backend.rows(["a"]) == [Row(id: "a", metadata: #"{"x":1,"w":2}"#, vector: [1, 2, 3, 4])])
    try backend.change(["b", "a", "b"], #"[{"p": 1}, {"x": 9}, {"p": 2, "q": 3}]"#)
    #expect(try backend.rows(["a", "b"]).map(\.metadata) == [#"{"x":9,"w":2}"#, #"{"z":true,"p":2,"q":3}"#])
    try backend.change(["b", "b"], #"[{"only": 1}, {"last": 2}]"#, replace: true)
    #expect(try backend.rows(["b"])[0].metadata == #"{"last":2}"#)
    #expect(try backend.total() == 2)
  }

  @Test func oneMissingIDChangesNothing() throws {
    let backend = makeBackend()
    try backend.put(["a"], [[1, 2, 3, 4]], #"[{"x": 1}]"#)
    let error = try #require(status { try backend.change(["a", "zz"], #"[{"x": 2}, {"x": 2}]"#) })
    #expect(error.status == .notFound)
    #expect(error.index == 1)
    #expect(error.message.contains("zz"))
    #expect(try backend.rows(["a"])[0].metadata == #"{"x":1}"#)
    #expect(status { try backend.change(["a"], "[{}]", namespace: "other") }?.status == .notFound)
  }

  @Test func namespacesAreApart() throws {
    let backend = makeBackend()
    try backend.put(["a"], [[1, 0, 0, 0]])
    try backend.put(["a", "b"], [[2, 0, 0, 0], [3, 0, 0, 0]], namespace: "t1")
    #expect(try backend.namespaces(context: .unbounded) == ["", "t1"])
    #expect(try backend.rows(["a"], namespace: "t1")[0].vector == [2, 0, 0, 0])
    #expect(try backend.rows(["b"])[0].found == false)
    try backend.clear(namespace: "t1", context: .unbounded)
    #expect(try backend.namespaces(context: .unbounded) == [""])
    #expect(try backend.total(namespace: "t1") == 0)
    #expect(try backend.total() == 1)
    try backend.put(["c"], [[4, 0, 0, 0]], namespace: "t1")
    #expect(try backend.everything(limit: 9, namespace: "t1").map(\.id) == ["c"])
    try backend.remove(["c"], namespace: "t1")
    #expect(try backend.namespaces(context: .unbounded) == [""])
  }

  @Test func afterDropNothingIsFound() throws {
    let backend = makeBackend()
    try backend.put(["a"], [[1, 0, 0, 0]])
    try backend.drop(context: .unbounded)
    let calls: [() throws -> Void] = [
      { try backend.put(["a"], [[1, 0, 0, 0]]) }, { _ = try backend.rows(["a"]) }, { try backend.remove(["a"]) },
      { try backend.change(["a"], "[{}]") }, { _ = try backend.total() }, { _ = try backend.everything(limit: 1) },
      { _ = try backend.nearest([[1, 0, 0, 0]], k: 1) }, { try backend.clear(namespace: "", context: .unbounded) },
      { try backend.drop(context: .unbounded) }, { try backend.flush(context: .unbounded) },
      { _ = try backend.namespaces(context: .unbounded) }, { _ = try backend.collections(context: .unbounded) },
      { try backend.createIndex(IndexSpec(.flat), context: .unbounded) },
    ]
    for (number, call) in calls.enumerated() { #expect(status(of: call)?.status == .notFound, "call \(number)") }
  }

  @Test func aCancelledBatchLeavesNothing() throws {
    let backend = makeBackend()
    let token = CancelToken()
    token.cancel()
    let context = CallContext(cancel: token)
    let records = Records(ids: ["a"], vectors: [[1, 0, 0, 0]])
    let batch = RecordBatch(
      ids: records.ids, vectors: records.vectors, metadata: MetadataBatch(emptyCount: 1), selection: nil)
    let error = status { _ = try backend.upsert(batch, namespace: "", context: context) }
    withExtendedLifetime(records) {}
    #expect(error?.status == .cancelled)
    #expect(try backend.total() == 0)
    #expect(try backend.rows(["a"])[0].found == false)
  }

  @Test func tokensOfOthersAreRefused() throws {
    let backend = makeBackend()
    try backend.put(["a"], [[1, 0, 0, 0]])
    let request = PageRequest(limit: 1, token: Array("page two".utf8), filter: nil, include: [])
    for namespace in ["", "empty"] as [ByteString] {
      let error = status { _ = try backend.page(request, namespace: namespace, context: .unbounded) }
      #expect(error?.status == .invalidArgument)
    }
  }
}
