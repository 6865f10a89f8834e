import Support
import Testing
import VectorModel

@testable import VectorDBC

/// Notes when it goes.
private final class Witness {
  let gone: AtomicWord
  init(_ gone: AtomicWord) { self.gone = gone }
  deinit { gone.add(1) }
}

private func status(_ body: () throws(VectorError) -> Void) -> Status {
  do {
    try body()
    return .ok
  } catch { return error.status }
}

@Suite struct HandleTableTests {
  private let table = HandleTable.shared

  @Test func aClosedHandleIsRecognised() throws {
    let gone = AtomicWord(0)
    let handle = try table.insert(Witness(gone), kind: .database)
    #expect(status { () throws(VectorError) in try table.close(handle, kind: .database) } == .ok)
    #expect(gone.load() == 1)
    #expect(status { () throws(VectorError) in try table.close(handle, kind: .database) } == .closed)
    #expect(
      status { () throws(VectorError) in try table.with(handle, kind: .database, as: Witness.self) { _ in } } == .closed
    )
  }

  @Test func aReusedSlotDoesNotAnswerToItsOldHandle() throws {
    let gone = AtomicWord(0)
    let old = try table.insert(Witness(gone), kind: .results)
    try table.close(old, kind: .results)
    let handles = try (0..<64).map { _ in try table.insert(Witness(gone), kind: .results) }
    defer { for handle in handles { try? table.close(handle, kind: .results) } }
    #expect(!handles.contains(old))
    #expect(
      status { () throws(VectorError) in try table.with(old, kind: .results, as: Witness.self) { _ in } } == .closed)
  }

  @Test func garbageAndForgedHandlesAreRefused() throws {
    let gone = AtomicWord(0)
    let handle = try table.insert(Witness(gone), kind: .database)
    defer { try? table.close(handle, kind: .database) }
    let bits = UInt(bitPattern: handle)
    let otherKind = (bits & ~(0xf << 60)) | (2 << 60)
    let future = bits + (5 << 24)
    for garbage: UInt in [1, 8, 0x7fff_dead_beef, UInt.max, otherKind, future, bits | 0xff_ffff] {
      let pointer = OpaquePointer(bitPattern: garbage)
      let found = status { () throws(VectorError) in
        try table.with(pointer, kind: .database, as: Witness.self) { _ in }
      }
      #expect(found == .invalidHandle, "0x\(String(garbage, radix: 16))")
    }
    #expect(
      status { () throws(VectorError) in try table.with(nil, kind: .database, as: Witness.self) { _ in } }
        == .invalidHandle)
    // A token with the right slot and generation, but another kind, meets the object's own kind.
    let forged = OpaquePointer(bitPattern: otherKind)
    #expect(
      status { () throws(VectorError) in try table.with(forged, kind: .results, as: Witness.self) { _ in } }
        == .invalidHandle)
  }

  @Test func closingInsideACallKeepsTheObjectUntilTheCallEnds() throws {
    let gone = AtomicWord(0)
    let handle = try table.insert(Witness(gone), kind: .database)
    try table.with(handle, kind: .database, as: Witness.self) { (witness) throws(VectorError) in
      try table.close(handle, kind: .database)
      #expect(gone.load() == 0)
      #expect(witness.gone === gone)
    }
    #expect(gone.load() == 1)
  }

  @Test func manyThreadsOpenUseAndClose() throws {
    let gone = AtomicWord(0)
    let shared = try table.insert(Witness(gone), kind: .cancelToken)
    let before = table.liveCount(.cancelToken)
    let outcomes = AtomicWord(0)
    WorkerPool(helpers: 3).run(tasks: 8, threads: 4) { task in
      for round in 0..<2_000 {
        guard let own = try? table.insert(Witness(gone), kind: .cancelToken) else { return }
        if task == 7, round == 1_000 { try? table.close(shared, kind: .cancelToken) }
        let found = status { () throws(VectorError) in
          try table.with(shared, kind: .cancelToken, as: Witness.self) { _ in }
        }
        if found != .ok, found != .closed { outcomes.add(1) }
        try? table.close(own, kind: .cancelToken)
      }
    }
    #expect(outcomes.load() == 0)
    #expect(gone.load() == 16_001)
    #expect(table.liveCount(.cancelToken) == before - 1)
  }
}
