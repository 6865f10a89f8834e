import Support
import Testing

@testable import VectorBackends
@testable import VectorModel

private func compile(_ json: String, isOurs: Bool = true) throws -> (text: String, parameters: [String], misses: Bool) {
  let filter = try withBytes(of: ByteString(json)) { (bytes) throws(VectorError) in try Filter.parse(bytes) }
  let index = testIndex(
    isOurs
      ? ["lang__s": .tag, "year__n": .numeric, "ok__b": .tag, "_vdb_ns": .tag, "year__s": .tag]
      : ["lang": .tag, "year": .numeric, "my-tag": .tag, "body": .other], isOurs: isOurs)
  let (query, misses) = try RedisFilterCompiler.compile(filter, index)
  let text =
    switch query.matching {
    case .all: "all"
    case .none: "none"
    case .query: String(decoding: query.text, as: UTF8.self)
    }
  return (text, query.parameters.map(\.text), misses)
}

@Suite struct RedisFilterTests {
  @Test(arguments: [
    (#"{"lang": "en"}"#, "(@lang__s:{$p0})", ["en"]),
    (#"{"lang": "a|b} @x:{y"}"#, "(@lang__s:{$p0})", ["a|b} @x:{y"]),
    (#"{"lang": "a\\.b"}"#, "(@lang__s:{$p0})", ["a\\\\.b"]),
    (#"{"year": 5}"#, "(@year__n:[5 5])", []),
    (#"{"year": 1e300}"#, "(@year__n:[1e+300 1e+300])", []),
    (#"{"ok": true}"#, "(@ok__b:{$p0})", ["true"]),
    (#"{"year": {"$gt": 5}}"#, "(@year__n:[(5 +inf])", []),
    (#"{"year": {"$gte": -5.5}}"#, "(@year__n:[-5.5 +inf])", []),
    (#"{"year": {"$lt": 5}}"#, "(@year__n:[-inf (5])", []),
    (#"{"year": {"$lte": 5}}"#, "(@year__n:[-inf 5])", []),
    (#"{"year": {"$not": {"$gt": 5}}}"#, "(-(@year__n:[(5 +inf]))", []),
    (#"{"lang": {"$ne": "en"}}"#, "(-(@lang__s:{$p0}))", ["en"]),
    (#"{"lang": {"$in": ["en", "de"]}}"#, "(@lang__s:{$p0|$p1})", ["en", "de"]),
    (#"{"year": {"$in": ["x", 1, 2]}}"#, "((@year__n:[1 1])|(@year__n:[2 2])|(@year__s:{$p0}))", ["x"]),
    (#"{"lang": {"$exists": true}}"#, "(@lang__s:{$p0})", ["~"]),
    (#"{"$or": [{"lang": "en"}, {"year": 1}]}"#, "((@lang__s:{$p0})|(@year__n:[1 1]))", ["en"]),
    (#"{"$not": {"$or": [{"lang": "en"}, {"year": 1}]}}"#, "((-(@lang__s:{$p0})) (-(@year__n:[1 1])))", ["en"]),
    (#"{"$not": {"$not": {"year": 1}}}"#, "(@year__n:[1 1])", []),
  ])
  func queries(json: String, text: String, parameters: [String]) throws {
    let query = try compile(json)
    #expect(query.text == text && query.parameters == parameters)
  }

  /// A key without a field is in no record; nothing to choose from chooses nothing.
  @Test(arguments: [
    (#"{"none": "x"}"#, "none"), (#"{"none": {"$ne": "x"}}"#, "all"), (#"{"none": {"$exists": false}}"#, "all"),
    (#"{"lang": 5}"#, "none"), (#"{"lang": {"$ne": 5}}"#, "all"), (#"{"lang": {"$in": []}}"#, "none"),
    (#"{"lang": {"$nin": []}}"#, "all"), (#"{"none": 1, "lang": "en"}"#, "none"),
    (#"{"$or": [{"none": 1}, {"year": 1}]}"#, "(@year__n:[1 1])"),
    (#"{"$or": [{"none": {"$ne": 1}}, {"year": 1}]}"#, "all"),
  ])
  func constants(json: String, text: String) throws { #expect(try compile(json).text == text) }

  @Test func keysWithoutAFieldAreTold() throws {
    #expect(try compile(#"{"none": "x"}"#).misses)
    #expect(try !compile(#"{"lang": "x"}"#).misses)
  }

  @Test func rangesOfStringsNameBackendAndOperator() throws {
    let error = #expect(throws: VectorError.self) { try compile(#"{"lang": {"$gte": "x"}}"#) }
    #expect(error?.status == .unsupported)
    #expect(error?.message.contains("redis") == true && error?.message.contains("$gte") == true)
  }

  @Test func fieldsOfOthersAreUsedByTheirNames() throws {
    #expect(
      try compile(#"{"my-tag": "x ", "year": {"$gt": 1}}"#, isOurs: false).text
        == "((@my\\-tag:{$p0}) (@year:[(1 +inf]))")
    #expect(try compile(#"{"body": "x"}"#, isOurs: false).text == "none")
    #expect(throws: VectorError.self) { try compile(#"{"lang": {"$exists": true}}"#, isOurs: false) }
  }

  @Test func namespacesAreOneMoreCondition() throws {
    var query = RedisQuery()
    query.restrict(to: "")
    #expect(String(decoding: query.text, as: UTF8.self) == "(@_vdb_ns:{$p0})" && query.parameters == ["~"])
    query.restrict(to: "~x")
    #expect(String(decoding: query.text, as: UTF8.self) == "((@_vdb_ns:{$p1}) (@_vdb_ns:{$p0}))")
    #expect(query.parameters[1].count == 65)
  }
}
