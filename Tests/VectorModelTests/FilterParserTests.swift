import Support
import Testing

@testable import VectorModel

@Suite struct FilterParserTests {
  @Test func nothingToFilter() throws {
    #expect(try filter("{}") == nil)
    #expect(try filter("") == nil)
    #expect(try filter(" { } ") == nil)
  }

  @Test(arguments: [
    (#"{"a": "x"}"#, FilterExpression.equals(key: "a", .string("x"))),
    (#"{"a": 5.0}"#, .equals(key: "a", .number(5))),
    (#"{"a": {"$eq": true}}"#, .equals(key: "a", .bool(true))),
    (#"{"a": {"$ne": 1}}"#, .not(.equals(key: "a", .number(1)))),
    (#"{"a": {"$in": [1, "x", true]}}"#, .oneOf(key: "a", [.number(1), .string("x"), .bool(true)])),
    (#"{"a": {"$nin": []}}"#, .not(.oneOf(key: "a", []))),
    (
      #"{"a": {"$gt": 1, "$lte": 5}}"#,
      .and([.compares(key: "a", .greater, .number(1)), .compares(key: "a", .lessOrEqual, .number(5))])
    ),
    (#"{"a": {"$gte": "m"}}"#, .compares(key: "a", .greaterOrEqual, .string("m"))),
    (#"{"a": {"$lt": -0.0}}"#, .compares(key: "a", .less, .number(0))),
    (#"{"a": {"$exists": true}}"#, .exists(key: "a")),
    (#"{"a": {"$exists": false}}"#, .not(.exists(key: "a"))),
    (#"{"a": {"$not": {"$gt": 5}}}"#, .not(.compares(key: "a", .greater, .number(5)))),
    (#"{"$not": {"a": 1, "b": 2}}"#, .not(.and([.equals(key: "a", .number(1)), .equals(key: "b", .number(2))]))),
    (
      #"{"$or": [{"a": 1}, {"$and": [{"b": 2}]}]}"#,
      .or([.equals(key: "a", .number(1)), .and([.equals(key: "b", .number(2))])])
    ),
    (#"{"a.b": 1}"#, .equals(key: "a.b", .number(1))),
  ])
  func reads(text: String, expected: FilterExpression) throws {
    #expect(try filter(text)?.expression == expected)
  }

  @Test(arguments: [
    ("[]", "a filter is an object, not a list"), ("5", "not a number"), ("null", "not null"), ("\"x\"", "not a string"),
    (#"{"a": null}"#, "\"$eq\" on key \"a\" needs a string, number or bool"),
    (#"{"a": []}"#, "\"$eq\" on key \"a\" needs a string, number or bool, not an empty list"),
    (#"{"a": {"$eq": [1]}}"#, "not a list"), (#"{"a": {"$eq": {"b": 1}}}"#, "not an object"),
    (#"{"a": {}}"#, "empty object"), (#"{"a": {"b": 1}}"#, "metadata is not nested"),
    (#"{"a": {"$gt": true}}"#, "\"$gt\" on key \"a\" needs a number or a string, not true"),
    (#"{"a": {"$gt": [1]}}"#, "not a list"), (#"{"a": {"$gt": null}}"#, "not null"),
    (#"{"a": {"$in": 5}}"#, "\"$in\" on key \"a\" needs a list, not a number"),
    (#"{"a": {"$in": [null]}}"#, "not null"),
    (#"{"a": {"$in": [[1]]}}"#, "not a list"), (#"{"a": {"$nin": {}}}"#, "needs a list, not an empty object"),
    (#"{"a": {"$exists": 1}}"#, "\"$exists\" on key \"a\" needs true or false, not a number"),
    (#"{"a": {"$exists": "yes"}}"#, "not \"yes\""),
    (#"{"a": {"$not": 5}}"#, "\"$not\" on key \"a\" needs an object with operators"),
    (#"{"a": {"$not": {}}}"#, "empty object"),
    (#"{"$and": []}"#, "\"$and\" needs a list of at least one filter, not an empty list"),
    (#"{"$or": {}}"#, "\"$or\" needs a list"), (#"{"$or": [{}]}"#, "not an empty object"),
    (#"{"$or": [5]}"#, "not a number"),
    (#"{"$not": {}}"#, "\"$not\" needs an object"), (#"{"$not": []}"#, "\"$not\" needs an object"),
    (#"{"$not": [{"a": 1}]}"#, "\"$not\" needs an object"),
    (#"{"a": {"$gtt": 1}}"#, "unknown operator \"$gtt\" on key \"a\": did you mean \"$gt\"?"),
    (#"{"a": {"$regex": "x"}}"#, "unknown operator \"$regex\""), (#"{"a": {"$": "x"}}"#, "unknown operator"),
    (#"{"$nor": [{"a": 1}]}"#, "unknown operator \"$nor\" at the top of a filter: did you mean"),
    (#"{"$where": "1"}"#, "unknown operator \"$where\""), (#"{"$eq": 5}"#, "\"$eq\" belongs to a key"),
    (#"{"a": {"$or": [{"$gt": 1}]}}"#, "\"$or\" stands beside keys"),
    (#"{"a": 1, "a": 2}"#, "has \"a\" twice"), (#"{"a": {"$gt": 1, "$gt": 2}}"#, "has \"$gt\" twice"),
    (#"{"a": 9007199254740993}"#, "beyond 2^53"), (#"{"a": {"$in": [18446744073709551616]}}"#, "beyond 2^53"),
    (#"{"": 1}"#, "is empty"), (#"{"_vdb_ns": "x"}"#, "reserved"),
  ])
  func refuses(text: String, words: String) throws {
    let error = try #require(errorOf { () throws(VectorError) in try filter(text) })
    #expect(error.status == .invalidFilter)
    #expect(error.message.contains(words), "\(error.message)")
    #expect(!error.message.contains("\n"))
  }

  @Test func numbersBeyondDoubles() {
    #expect(errorOf { () throws(VectorError) in try filter(#"{"a": 1e999}"#) }?.status == .invalidFilter)
  }

  @Test func brokenText() {
    #expect(errorOf { () throws(VectorError) in try filter("{") }?.status == .invalidJSON)
    #expect(errorOf { () throws(VectorError) in try filter("x") }?.status == .invalidJSON)
    let notUTF8: [UInt8] = [0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D]
    #expect(
      errorOf { () throws(VectorError) in try withBytes(notUTF8) { text throws(VectorError) in try Filter.parse(text) }
      }?.status
        == .invalidUTF8)
  }

  @Test func sizeIsLimited() throws {
    func filterOfValues(_ count: Int) throws(VectorError) -> Filter? {
      try filter("{\"a\":{\"$in\":[" + (0..<count).map(String.init).joined(separator: ",") + "]}}")
    }
    #expect(try filterOfValues(9_999) != nil)
    for count in [10_000, 200_000] {
      let error = errorOf { () throws(VectorError) in try filterOfValues(count) }
      #expect(error?.status == .invalidFilter)
    }
    let clauses = (0..<10_001).map { "{\"k\($0)\":1}" }.joined(separator: ",")
    #expect(errorOf { () throws(VectorError) in try filter("{\"$or\":[\(clauses)]}") }?.status == .invalidFilter)
  }

  @Test func depthIsLimited() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "{\"$not\":", count: depth) + "{\"a\":1}" + String(repeating: "}", count: depth)
    }
    let deepest = try #require(try filter(nested(63)))
    #expect(try encoded(#"{"a": 1}"#).withUnsafeBytes { deepest.matches($0) } == false)
    for depth in [64, 10_000] {
      #expect(errorOf { () throws(VectorError) in try filter(nested(depth)) }?.status == .invalidJSON)
    }
  }

  @Test func survivesRandomBytes() {
    var random = SeededGenerator(seed: 9)
    let seed = Array(
      #"{"$or": [{"a": {"$gte": 1, "$lt": 5.5}}, {"$not": {"b": {"$in": ["x", "y", true]}}}], "c": {"$exists": false}, "é": "\n"}"#
        .utf8)
    for _ in 0..<20_000 {
      var bytes = seed
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] =
          Bool.random(using: &random)
          ? UInt8.random(in: 0...255, using: &random) : (seed.randomElement(using: &random) ?? 0)
      }
      let error = errorOf { () throws(VectorError) in
        try withBytes(bytes) { text throws(VectorError) in try Filter.parse(text) }
      }
      if let error { #expect([.invalidJSON, .invalidUTF8, .invalidFilter].contains(error.status)) }
    }
  }
}
