import Support
import Testing

@testable import VectorBackends
@testable import VectorModel

/// Outcomes of requests joined to that of a batch.
@Suite struct ChunkedWriteTests {
  private func error(_ status: Status, _ applied: VectorError.Applied) -> VectorError {
    var error = VectorError(status, "why")
    error.details = VectorError.RemoteDetails(applied: applied)
    return error
  }

  private func repeated(_ ids: [String]) throws -> RepeatedIDs? {
    let bytes = Array(ids.joined().utf8)
    var offsets: [UInt64] = [0]
    for id in ids { offsets.append((offsets.last ?? 0) + UInt64(id.utf8.count)) }
    return try bytes.withUnsafeBytes { bytes in
      try offsets.withUnsafeBufferPointer { offsets in
        try RepeatedIDs(
          PackedStrings(bytes: bytes.baseAddress, offsets: offsets.baseAddress, count: ids.count), context: .unbounded)
      }
    }
  }

  @Test func allAppliedIsAll() throws {
    var write = ChunkedWrite()
    write.attempt(upTo: 3) {}
    write.attempt(upTo: 5) {}
    let outcome = try write.outcome(5, nil, deleted: 2)
    #expect(outcome.applied == 5 && outcome.deleted == 2 && outcome.failures.isEmpty && outcome.notAttempted == 0)
  }

  @Test func whatItemsAreToBlameForLetsTheOthersGo() throws {
    var write = ChunkedWrite()
    write.attempt(upTo: 2) { () throws(VectorError) in throw error(.tooLarge, .no) }
    #expect(write.goesOn)
    write.attempt(upTo: 4) {}
    let outcome = try write.outcome(4, nil)
    #expect(outcome.applied == 2)
    #expect(outcome.failures.items.elements.map(\.index) == [0, 1])
    #expect(outcome.failures.items.elements.allSatisfy { outcome.failures.reason($0).status == .tooLarge })
  }

  @Test func aServerThatIsGoneEndsTheBatch() throws {
    var write = ChunkedWrite()
    write.attempt(upTo: 2) {}
    write.attempt(upTo: 4) { () throws(VectorError) in throw error(.unavailable, .unknown) }
    #expect(!write.goesOn)
    let outcome = try write.outcome(7, nil)
    #expect(outcome.applied == 2)
    #expect(outcome.failures.items.elements.map(\.index) == [2, 3])
    #expect(outcome.notAttempted == 3)
  }

  @Test func nothingAppliedIsAnErrorThatSaysWhatIsUnknown() throws {
    var write = ChunkedWrite()
    write.attempt(upTo: 1) { () throws(VectorError) in throw error(.tooLarge, .no) }
    write.attempt(upTo: 2) { () throws(VectorError) in throw error(.timeout, .unknown) }
    let failed = #expect(throws: VectorError.self) { try write.outcome(3, nil) }
    #expect(failed?.status == .timeout)
    #expect(failed?.details?.applied == .unknown)
  }

  /// Of items with one id the last is written, so its request decides.
  @Test func repeatedItemsShareOneFate() throws {
    let ids = try repeated(["a", "b", "a", "c", "b"])
    var write = ChunkedWrite()
    write.attempt(upTo: 3) {}
    write.attempt(upTo: 5) { () throws(VectorError) in throw error(.unavailable, .unknown) }
    let byLast = try write.outcome(5, ids)
    #expect(byLast.failures.items.elements.map(\.index) == [1, 3, 4])
    #expect(byLast.applied == 2)
    let byFirst = try write.outcome(5, ids, byFirst: true)
    #expect(byFirst.failures.items.elements.map(\.index) == [3])
    #expect(byFirst.applied == 4)
  }
}
