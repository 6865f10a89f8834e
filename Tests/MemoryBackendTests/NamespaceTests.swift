import Support
import Testing
import VectorBackends
import VectorModel

/// Namespaces that come and go.
@Suite(.serialized) struct NamespaceTests {
  private let emptyBackend = makeBackend().footprint

  @Test func aNamespaceGoesWithItsLastRecord() throws {
    let backend = makeBackend()
    let ways: [() throws -> Void] = [
      { _ = try backend.remove(["a"], namespace: "n") },
      { _ = try backend.delete(matching: .init(.exists(key: "k")), namespace: "n", context: .unbounded) },
      { try backend.clear(namespace: "n", context: .unbounded) },
    ]
    for (number, remove) in ways.enumerated() {
      try backend.put(["a"], [[1, 0, 0, 0]], #"[{"k": 1}]"#, namespace: "n")
      #expect(backend.footprint > emptyBackend)
      try remove()
      #expect(backend.footprint == emptyBackend, "way \(number) of removing")
      #expect(try backend.namespaces(context: .unbounded).isEmpty)
    }
  }

  @Test func readsMakeNoNamespace() throws {
    let backend = makeBackend()
    #expect(try backend.everything(limit: 5, namespace: "n").isEmpty)
    #expect(try backend.rows(["a"], namespace: "n").map(\.found) == [false])
    #expect(try backend.nearest([[1, 0, 0, 0]], k: 3, namespace: "n").queryCount == 1)
    #expect(try backend.total(namespace: "n") == 0)
    #expect(try backend.remove(["a"], namespace: "n").deleted == 0)
    let foreign = PageRequest(limit: 5, token: Array("nonsense".utf8), filter: nil, include: [])
    #expect(
      status { _ = try backend.page(foreign, namespace: "n", context: .unbounded) }?.status == .invalidArgument)
    #expect(backend.footprint == emptyBackend)
  }

  @Test func aFailedFirstWriteLeavesNoNamespace() throws {
    let backend = makeBackend()
    let cancel = CancelToken()
    cancel.cancel()
    let records = Records(ids: (0..<10_000).map { "r\($0)" }, vectors: Array(repeating: [1, 0, 0, 0], count: 10_000))
    let batch = RecordBatch(
      ids: records.ids, vectors: records.vectors, metadata: MetadataBatch(emptyCount: 10_000), selection: nil)
    let error = status { _ = try backend.upsert(batch, namespace: "n", context: CallContext(cancel: cancel)) }
    withExtendedLifetime(records) {}
    #expect(error?.status == .cancelled)
    #expect(backend.footprint == emptyBackend)
  }

  @Test func manyNamespacesAreFoundListedAndForgotten() throws {
    let backend = makeBackend()
    let names = (0..<5000).map { ByteString("n\($0)") }
    for (number, name) in names.enumerated() {
      try backend.put(["a"], [[Float(number), 0, 0, 0]], namespace: name)
    }
    #expect(try backend.namespaces(context: .unbounded) == names.sorted())
    for number in stride(from: 0, to: 5000, by: 2) { _ = try backend.remove(["a"], namespace: names[number]) }
    for (number, name) in names.enumerated() {
      let row = try backend.rows(["a"], namespace: name)[0]
      #expect(row.found == (number % 2 == 1))
      if row.found { #expect(row.vector?[0] == Float(number)) }
    }
    #expect(try backend.namespaces(context: .unbounded).count == 2500)
    for name in names { try backend.clear(namespace: name, context: .unbounded) }
    #expect(backend.footprint == emptyBackend)
  }

  /// Every write is followed by a look at what it wrote; a namespace that goes under a writer would lose it.
  @Test func namespacesComeAndGoUnderReadersAndWriters() throws {
    let backend = makeBackend()
    let wrong = AtomicWord(0)
    WorkerPool(helpers: 3).run(tasks: 4, threads: 4) { task in
      let id = "w\(task)"
      for round in 0..<3000 {
        let namespace = ByteString("n\(round % 5)")
        do {
          try backend.put([id], [[Float(round), 0, 0, 0]], namespace: namespace)
          let row = try backend.rows([id], namespace: namespace)[0]
          if !row.found || row.vector?[0] != Float(round) { wrong.add(1) }
          if try backend.remove([id], namespace: namespace).deleted != 1 { wrong.add(1) }
          if round % 50 == 0 { _ = try backend.namespaces(context: .unbounded) }
        } catch { wrong.add(1) }
      }
    }
    #expect(wrong.load() == 0)
    #expect(backend.footprint == emptyBackend)
  }

  @Test func afterADropEverythingIsNotFound() throws {
    let backend = makeBackend()
    try backend.put(["a"], [[1, 0, 0, 0]], namespace: "n")
    try backend.drop(context: .unbounded)
    let calls: [() throws -> Void] = [
      { _ = try backend.rows(["a"], namespace: "n") }, { _ = try backend.rows(["a"], namespace: "other") },
      { _ = try backend.put(["a"], [[1, 0, 0, 0]], namespace: "n") },
      { try backend.clear(namespace: "n", context: .unbounded) },
      { _ = try backend.namespaces(context: .unbounded) }, { try backend.drop(context: .unbounded) },
    ]
    for call in calls { #expect(status { try call() }?.status == .notFound) }
  }
}
