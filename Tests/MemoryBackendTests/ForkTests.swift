import CTestSupport
import Support
import Testing
import VectorBackends
import VectorModel

/// What a child of fork may do with a memory database.
@Suite(.serialized) struct ForkTests {
  @Test func aForkedChildReadsAndWrites() throws {
    let backend = makeBackend()
    let ids = (0..<500).map { "r\($0)" }
    let vectors = ids.map { _ in [Float(1), 0, 0, 0] }
    try backend.put(ids, vectors)
    let done = AtomicWord(0)
    let failures = AtomicWord(0)
    WorkerPool(helpers: 2).run(tasks: 3, threads: 3) { task in
      if task > 0 {
        while done.load() == 0 {
          _ = try? backend.put(ids, vectors)
          _ = try? backend.nearest([[1, 0, 0, 0]], k: 3)
        }
      } else {
        for _ in 0..<20 where !childWorks(backend) { failures.add(1) }
        done.store(1)
      }
    }
    #expect(failures.load() == 0)
    #expect(try backend.total() == 500)
  }

  private func childWorks(_ backend: MemoryBackend) -> Bool {
    let body: () -> Bool = {
      guard (try? backend.total()) == 500, (try? backend.put(["new"], [[5, 0, 0, 0]])) != nil else { return false }
      guard (try? backend.total()) == 501, (try? backend.rows(["new"]))?[0].found == true else { return false }
      return (try? backend.nearest([[5, 0, 0, 0]], k: 1))?.ids(ofQuery: 0) == ["new"]
    }
    return withUnsafePointer(to: body) { pointer in
      let context = UnsafeMutableRawPointer(mutating: UnsafeRawPointer(pointer))
      return test_run_in_child(
        { $0?.assumingMemoryBound(to: (() -> Bool).self).pointee() == true ? 0 : 1 }, context, 20) == 0
    }
  }
}
