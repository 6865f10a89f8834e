import Support
import Testing
import VectorBackends
import VectorModel

/// Readers and writers at the same time. Worth running with --sanitize=thread.
@Suite(.serialized) struct ConcurrencyTests {
  /// One thread writes, the others read until it has finished; what they report is wrong.
  private func race(readers: Int, write: @Sendable () -> Void, read: @Sendable (Int) -> Bool) -> Int {
    let done = AtomicWord(0)
    let wrong = AtomicWord(0)
    let reads = AtomicWord(0)
    WorkerPool(helpers: readers).run(tasks: readers + 1, threads: readers + 1) { task in
      if task == 0 {
        write()
        done.store(1)
      } else {
        repeat {
          if !read(task) { wrong.add(1) }
          reads.add(1)
        } while done.load() == 0
      }
    }
    #expect(reads.load() > 0)
    return Int(wrong.load())
  }

  @Test func aBatchAppearsAtOnceOrNotAtAll() throws {
    let backend = makeBackend()
    let ids = (0..<300).map { "r\($0)" }
    let batches = (0..<120).map { round in
      ids.map { _ in [Float(round), 0, 0, 0] }
    }
    try backend.put(ids, batches[0], "[" + ids.map { _ in "{\"round\":0}" }.joined(separator: ",") + "]")
    let wrong = race(readers: 2) {
      for round in 1..<120 {
        let json = "[" + ids.map { _ in "{\"round\":\(round)}" }.joined(separator: ",") + "]"
        _ = try? backend.put(ids, batches[round], json)
      }
    } read: { reader in
      guard let total = try? backend.total(), total == 300 else { return false }
      if reader == 1 {
        guard let rows = try? backend.rows(["r0", "r150", "r299"]) else { return false }
        return rows.allSatisfy { $0.found && $0.vector == rows[0].vector && $0.metadata == rows[0].metadata }
      }
      guard let answer = try? backend.nearest([[0, 0, 0, 0]], k: 1000) else { return false }
      let distances = answer.distances.elements
      return answer.rowCount == 300 && distances.allSatisfy { $0 == distances[0] }
    }
    #expect(wrong == 0)
  }

  @Test func recordsStayWhileTheirChunksAreCompacted() throws {
    let backend = makeBackend()
    let steady = (0..<200).map { "steady\($0)" }
    try backend.put(steady, steady.indices.map { [Float($0), 1, 0, 0] })
    let wrong = race(readers: 2) {
      for round in 0..<400 {
        // Passing records thin out every chunk they share with the steady ones.
        let passing = (0..<100).map { "passing\(round)-\($0)" }
        _ = try? backend.put(passing, passing.map { _ in [1000, 1000, 1000, 1000] })
        let moved = (0..<20).map { "steady\(($0 + round * 7) % 200)" }
        _ = try? backend.put(moved, moved.map { id in [Float(id.dropFirst(6)) ?? -1, 1, 0, 0] })
        _ = try? backend.remove(passing)
      }
    } read: { reader in
      if reader == 1 {
        guard let rows = try? backend.rows(steady, include: .vectors) else { return false }
        return rows.enumerated().allSatisfy { $1.found && $1.vector == [Float($0), 1, 0, 0] }
      }
      guard let answer = try? backend.nearest([[0, 1, 0, 0]], k: 200) else { return false }
      return answer.ids(ofQuery: 0) == steady && Array(answer.distances.elements) == steady.indices.map { Float($0) }
    }
    #expect(wrong == 0)
    #expect(try backend.total() == 200)
  }

  @Test func pagingMissesNothingThatStays() throws {
    let backend = makeBackend()
    let steady = Set((0..<300).map { "steady\($0)" })
    try backend.put(steady.sorted(), steady.sorted().map { _ in [1, 0, 0, 0] })
    let wrong = race(readers: 1) {
      for round in 0..<300 {
        let some = steady.sorted().shuffled().prefix(50)
        _ = try? backend.put(Array(some), some.map { _ in [Float(round), 0, 0, 0] })
      }
    } read: { _ in
      // Rewritten records go to the end, so a pass over few records may chase the writer: it still ends with it.
      guard let rows = try? backend.everything(limit: 64, include: []) else { return false }
      return Set(rows.map(\.id)) == steady
    }
    #expect(wrong == 0)
  }

  @Test func writersOfOneNamespaceDoNotLoseEachOther() throws {
    let backend = makeBackend()
    let failures = AtomicWord(0)
    WorkerPool(helpers: 3).run(tasks: 4, threads: 4) { writer in
      for round in 0..<100 {
        let ids = (0..<10).map { "w\(writer)-\(round)-\($0)" }
        if (try? backend.put(ids, ids.map { _ in [1, 2, 3, 4] })) == nil { failures.add(1) }
        if round % 3 == 0, (try? backend.remove([ids[0]]))?.deleted != 1 { failures.add(1) }
      }
    }
    #expect(failures.load() == 0)
    #expect(try backend.total() == 4 * (1000 - 34))
    #expect(try backend.everything(limit: 999).count == 4 * (1000 - 34))
  }

  @Test func clearingWhileOthersWriteLosesNoLaterWrite() throws {
    let backend = makeBackend()
    let lost = AtomicWord(0)
    let done = AtomicWord(0)
    WorkerPool(helpers: 1).run(tasks: 2, threads: 2) { task in
      if task == 0 {
        for round in 0..<2000 {
          let namespace = ByteString("n\(round % 3)")
          if (try? backend.put(["a"], [[1, 0, 0, 0]], namespace: namespace)) == nil { lost.add(1) }
        }
        done.store(1)
      } else {
        while done.load() == 0 {
          for name in 0..<3 { try? backend.clear(namespace: ByteString("n\(name)"), context: .unbounded) }
        }
      }
    }
    #expect(lost.load() == 0)
    for name in 0..<3 {
      let namespace = ByteString("n\(name)")
      try backend.put(["last"], [[1, 0, 0, 0]], namespace: namespace)
      #expect(try backend.rows(["last"], namespace: namespace)[0].found)
    }
  }
}
