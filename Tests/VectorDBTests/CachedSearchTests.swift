import Support
import Testing
import VectorModel

@testable import VectorDB

/// The cache of a database: what is answered from it, and above all what is not.
@Suite struct CachedSearchTests {
  @Test func theSameSearchIsAnsweredFromTheCache() throws {
    let database = try TestDatabase(#"{"cache": true}"#)
    try database.upsert(["a", "b"])
    let first = try database.search()
    let second = try database.search()
    #expect(!first.info.cached && first.info.attempts == 1)
    #expect(second.info.cached && second.info.attempts == 0)
    #expect(second.idTexts == first.idTexts && second.idTexts == ["a", "b"])
    #expect(database.cacheStatistics.contains(#""hits":1,"misses":1,"hit_rate":0.5"#), "\(database.cacheStatistics)")
  }

  @Test func noCacheUnlessAsked() throws {
    let database = try TestDatabase()
    try database.upsert(["a"])
    _ = try database.search()
    #expect(try !database.search().info.cached)
    #expect(database.cacheStatistics == #"{"enabled":false}"#)
  }

  @Test func everyKindOfWriteIsSeenAtOnce() throws {
    let database = try TestDatabase(#"{"cache": true}"#)
    try database.upsert(["a", "b"], metadata: #"[{"n": 1}, {"n": 2}]"#)
    func found(_ filter: String = "") throws -> [String] {
      _ = try database.search(filter: filter)  // so that it would be in the cache
      return try database.search(filter: filter).idTexts
    }
    #expect(try found() == ["a", "b"])
    try database.upsert(["c"], at: 9)
    #expect(try found() == ["a", "b", "c"])
    #expect(try found(#"{"n": 1}"#) == ["a"])
    try database.updateMetadata("b", #"[{"n": 1}]"#)
    #expect(try found(#"{"n": 1}"#) == ["a", "b"])
    try database.delete("a")
    #expect(try found() == ["b", "c"])
    try database.delete(matching: #"{"n": 1}"#)
    #expect(try found() == ["c"])
    try database.database.clear(call: CallOptions())
    #expect(try found() == [])
  }

  @Test func namespacesShareNoAnswers() throws {
    let database = try TestDatabase(#"{"cache": true}"#)
    let view = try TestDatabase(view: "other", of: database)
    try database.upsert(["a"])
    try view.upsert(["b"])
    #expect(try database.search().idTexts == ["a"])
    #expect(try view.search().idTexts == ["b"])
    // A write to one leaves the answers of the other alone.
    try view.upsert(["c"], at: 1)
    #expect(try database.search().info.cached)
    #expect(try !view.search().info.cached)
  }

  @Test func differentQuestionsHaveDifferentAnswers() throws {
    let database = try TestDatabase(#"{"cache": true}"#)
    try database.upsert(["a", "b", "c"], metadata: #"[{"n": 1}, {"n": 2}, {"n": 3}]"#)
    _ = try database.search()
    #expect(try database.search(k: 1).idTexts == ["a"])
    #expect(try database.search(2).idTexts == ["c", "b", "a"])
    #expect(try database.search(filter: #"{"n": {"$gte": 2}}"#).idTexts == ["b", "c"])
    let withMetadata = try database.search(call: CallOptions(include: .metadata))
    #expect(!withMetadata.info.cached && withMetadata.metadata.count > 0)
  }

  @Test func errorsAreNotKept() throws {
    let database = try TestDatabase(#"{"cache": true}"#)
    try database.upsert(["a"])
    for _ in 0..<2 {
      #expect(throws: VectorError.self) { try database.search(.nan) }
      #expect(throws: VectorError.self) { try database.search(k: 0) }
    }
    #expect(database.cacheStatistics.contains(#""size":0"#))
  }

  @Test func clearingForgets() throws {
    let database = try TestDatabase(#"{"cache": {"max_entries": 10}}"#)
    try database.upsert(["a"])
    _ = try database.search()
    database.database.clearCache()
    #expect(try !database.search().info.cached)
    #expect(database.cacheStatistics.contains(#""max_size":10"#))
  }

  @Test func whenTheBackendFailsAnOldAnswerIsBetterThanNone() throws {
    let database = try TestDatabase(
      #"{"cache": {"ttl": 0.001, "stale_on_error": true}, "resilience": {"retry": false}}"#)
    try database.upsert(["a"])
    _ = try database.search()
    database.database.controlBreaker(.forceOpen)
    wait(milliseconds: 5)
    let answer = try database.search()
    #expect(answer.idTexts == ["a"])
    #expect(answer.info.stale && answer.info.cached && answer.info.ageMilliseconds >= 4)
    // The caller's own mistakes are told all the same.
    #expect(throws: VectorError.self) { try database.search(k: 0) }
  }
}
