import Glibc
import Support
import Testing
import VectorBackends
import VectorModel

/// Calls that end early: soon, and without a trace.
@Suite(.serialized) struct InterruptionTests {
  private let count = 200_000

  /// A call with a deadline that passes while it works.
  private func interrupted(
    after milliseconds: UInt64, _ call: (CallContext) throws -> Void
  ) -> (error: VectorError?, late: Double) {
    let deadline = monotonicNanoseconds() + milliseconds * 1_000_000
    let error = status { try call(CallContext(deadline: deadline)) }
    return (error, Double(Int64(bitPattern: monotonicNanoseconds() &- deadline)) / 1e6)
  }

  @Test func checksOfLargeBatchesEndWithTheirDeadline() throws {
    let ids = Records(ids: (0..<count).map { "record number \($0)" })
    let json = Array(("[" + (0..<count).map { #"{"n":\#($0),"t":"some words"}"# }.joined(separator: ",") + "]").utf8)
    let passed = CallContext(deadline: 1)
    #expect(status { try checkIDs(ids.ids, context: passed) }?.status == .timeout)
    #expect(status { _ = try RepeatedIDs(ids.ids, context: passed) }?.status == .timeout)
    let parse = { (context: CallContext) in
      _ = try json.withUnsafeBytes { try MetadataBatch.parse(json: $0, count: count, patches: false, context: context) }
    }
    #expect(status { try parse(passed) }?.status == .timeout)
    let (error, late) = interrupted(after: 5, parse)
    #expect(error?.status == .timeout)
    #expect(late < 50, "5 ms on an idle machine")
    let rows = Records(ids: [], vectors: Array(repeating: [Float](repeating: 1, count: 64), count: 10_000))
    let checked = status {
      try VectorChecks.check(rows.vectors, metric: .l2, dimensions: 64, context: passed)
    }
    #expect(checked?.status == .timeout)
    withExtendedLifetime((ids, rows)) {}
  }

  @Test func interruptedWritesChangeNothing() throws {
    let backend = makeBackend()
    let names = (0..<count).map { "r\($0)" }
    let records = Records(ids: names, vectors: Array(repeating: [1, 2, 3, 4], count: count))
    let changes = try metadata("[" + names.map { _ in #"{"a":1}"# }.joined(separator: ",") + "]", count: count)
    let batch = RecordBatch(
      ids: records.ids, vectors: records.vectors, metadata: MetadataBatch(emptyCount: count), selection: nil)
    #expect(
      interrupted(after: 2) { _ = try backend.upsert(batch, namespace: "", context: $0) }.error?.status == .timeout)
    #expect(try backend.total() == 0)
    _ = try backend.upsert(batch, namespace: "", context: .unbounded)
    let calls: [(CallContext) throws -> Void] = [
      { _ = try backend.upsert(batch, namespace: "", context: $0) },
      { _ = try backend.delete(ids: records.ids, namespace: "", context: $0) },
      {
        _ = try backend.updateMetadata(ids: records.ids, changes: changes, replace: false, namespace: "", context: $0)
      },
    ]
    for (number, call) in calls.enumerated() {
      let (error, _) = interrupted(after: 1, call)
      #expect(error?.status == .timeout, "write \(number)")
      #expect(try backend.total() == count)
      #expect(try backend.total(#"{"a":{"$exists":true}}"#) == 0)
    }
    withExtendedLifetime(records) {}
  }

  @Test func largeReadsEndWithTheirDeadline() throws {
    let backend = makeBackend()
    let names = (0..<count).map { "r\($0)" }
    let records = Records(ids: names, vectors: Array(repeating: [1, 2, 3, 4], count: count))
    let text = String(repeating: "x", count: 100)
    try backend.put(
      names, (0..<count).map { [Float($0), 0, 0, 0] },
      "[" + names.map { _ in #"{"text":"\#(text)"}"# }.joined(separator: ",") + "]")
    let all = SearchRequest(
      queries: VectorRows(base: records.vectors.base, count: 1, dimensions: 4, strideBytes: 16), k: count, filter: nil,
      include: [.metadata, .vectors])
    let none = SearchRequest(queries: records.vectors, k: 1, filter: try filter(#"{"no":1}"#), include: [])
    let calls: [(CallContext) throws -> Void] = [
      { _ = try backend.get(ids: records.ids, include: [.metadata, .vectors], namespace: "", context: $0) },
      { _ = try backend.get(ids: records.ids, include: [], namespace: "other", context: $0) },
      { _ = try backend.search(all, namespace: "", context: $0) },
      { _ = try backend.search(none, namespace: "", context: $0) },
      { _ = try backend.search(none, namespace: "other", context: $0) },
      {
        let request = PageRequest(limit: 10_000, token: [], filter: try filter(#"{"text":"y"}"#), include: [])
        _ = try backend.page(request, namespace: "", context: $0)
      },
    ]
    for (number, call) in calls.enumerated() {
      // A deadline that has passed is met by the first look after some 100 µs of work.
      let error = status { try call(CallContext(deadline: 1)) }
      #expect(error?.status == .timeout, "read \(number)")
    }
    withExtendedLifetime(records) {}
  }

  @Test func queriesBeingPackedEndWithTheirDeadline() throws {
    let backend = makeBackend(dimensions: 8192)
    try backend.put(["a"], [[Float](repeating: 1, count: 8192)])
    let queries = Records(ids: [], vectors: Array(repeating: [Float](repeating: 1, count: 8192), count: 1000))
    let request = SearchRequest(queries: queries.vectors, k: 1, filter: nil, include: [])
    let (error, late) = interrupted(after: 2) { _ = try backend.search(request, namespace: "", context: $0) }
    withExtendedLifetime(queries) {}
    #expect(error?.status == .timeout)
    #expect(late < 50)
  }

  /// A writer that waits for another one's batch need not wait for its end.
  @Test func waitingForAnotherWriterEndsWithTheDeadline() throws {
    let backend = makeBackend()
    let records = Records(ids: (0..<count).map { "r\($0)" }, vectors: Array(repeating: [1, 2, 3, 4], count: count))
    let batch = RecordBatch(
      ids: records.ids, vectors: records.vectors, metadata: MetadataBatch(emptyCount: count), selection: nil)
    let one = Records(ids: ["x"])
    let writing = AtomicWord(1)
    let timedOut = AtomicWord(0)
    WorkerPool(helpers: 1).run(tasks: 2, threads: 2) { task in
      if task == 0 {
        for _ in 0..<10 { _ = try? backend.upsert(batch, namespace: "", context: .unbounded) }
        writing.store(0)
      } else {
        while writing.load() == 1 {
          let context = CallContext(deadline: monotonicNanoseconds() + 1_000_000)
          if status(of: { _ = try backend.delete(ids: one.ids, namespace: "", context: context) })?
            .status == .timeout
          {
            timedOut.add(1)
          }
        }
      }
    }
    withExtendedLifetime((records, one)) {}
    #expect(timedOut.load() > 0)
  }
}
