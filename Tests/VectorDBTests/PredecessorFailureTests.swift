import Support
import Testing
import VectorModel

@testable import VectorDB

/// What a library of this kind did wrong before, as far as opening and writing go; the rest stands beside the pieces of
/// `Resilience` that had it.
@Suite struct PredecessorFailureTests {
  @Test func openingWipedACollection() throws {
    let first = try TestDatabase(name: "docs")
    try first.upsert(["a"])
    let second = try TestDatabase(name: "docs")
    try second.upsert(["b"])
    #expect(try first.search().idTexts == ["a"])
    #expect(try second.search().idTexts == ["b"])
  }

  @Test func unknownOptionsAndFiltersWereDroppedSilently() throws {
    let option = #expect(throws: VectorError.self) { try TestDatabase(#"{"thread": 2}"#) }
    #expect(option?.status == .invalidOption && option?.message.contains("\"threads\"") == true)
    let database = try TestDatabase()
    try database.upsert(["a"], metadata: #"[{"n": 1}]"#)
    let filter = #expect(throws: VectorError.self) { try database.search(filter: #"{"n": {"$near": 1}}"#) }
    #expect(filter?.status == .invalidFilter && filter?.message.contains("$near") == true)
  }

  @Test func backendsFellBackToMemoryAndSaidOk() throws {
    for kind in BackendKind.allCases where kind.absenceReason != nil {
      let error = #expect(throws: VectorError.self) { try TestDatabase(#"{"backend": "\#(kind.rawValue)"}"#) }
      #expect(error?.status == .unsupported && error?.message.contains("\"\(kind.rawValue)\"") == true)
    }
    // Nobody listens on port 1.
    let options = #""host": "127.0.0.1", "port": 1, "timeout": 5, "resilience": {"retry": false}"#
    for kind in [BackendKind.chroma, .milvus, .pgvector, .redis] where kind.unavailableReason == nil {
      let error = #expect(throws: VectorError.self) {
        try TestDatabase(#"{"backend": "\#(kind.rawValue)", \#(options)}"#)
      }
      #expect(error?.status == .unavailable, "\(kind): \(error.map { $0.message } ?? "")")
    }
  }

  @Test func addingAnIDAgainDuplicatedIt() throws {
    let database = try TestDatabase()
    try database.upsert(["a", "a"])
    try database.upsert(["a"], at: 7)
    let found = try database.search(7)
    #expect(found.idTexts == ["a"])
    #expect(found.distances.elements.first == 0)
    let count = try database.database.count(
      matching: UnsafeRawBufferPointer(start: nil, count: 0), call: CallOptions())
    #expect(count.count == 1 && count.exact)
  }
}
