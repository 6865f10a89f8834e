import Support
import Testing

@testable import VectorModel

@Suite struct FilterMatchTests {
  private func matches(_ filterText: String, _ metadata: String) throws -> Bool {
    let wanted = try #require(try filter(filterText))
    return try encoded(metadata).withUnsafeBytes { wanted.matches($0) }
  }

  @Test(arguments: [
    // Equality: by value and by type.
    (#"{"a": 5}"#, #"{"a": 5.0}"#, true), (#"{"a": 5}"#, #"{"a": "5"}"#, false), (#"{"a": 1}"#, #"{"a": true}"#, false),
    (#"{"a": true}"#, #"{"a": true}"#, true), (#"{"a": true}"#, #"{"a": false}"#, false), (#"{"a": "x"}"#, "{}", false),
    (#"{"a": "x"}"#, "null", false), (#"{"a": 0}"#, #"{"a": -0.0}"#, true), (#"{"a": ""}"#, #"{"a": ""}"#, true),
    (#"{"a": "x\u0000y"}"#, #"{"a": "x\u0000y"}"#, true), (#"{"a": "x"}"#, #"{"a": "x\u0000y"}"#, false),
    // Bytes decide, not characters.
    ("{\"a\": \"caf\u{e9}\"}", "{\"a\": \"cafe\u{301}\"}", false),
    ("{\"caf\u{e9}\": 1}", "{\"cafe\u{301}\": 1}", false),
    (#"{"a": "X"}"#, #"{"a": "x"}"#, false),
    // Lists of strings contain.
    (#"{"t": "x"}"#, #"{"t": ["w", "x"]}"#, true), (#"{"t": "z"}"#, #"{"t": ["w", "x"]}"#, false),
    (#"{"t": {"$in": ["q", "x"]}}"#, #"{"t": ["w", "x"]}"#, true),
    (#"{"t": {"$nin": ["q", "x"]}}"#, #"{"t": ["w"]}"#, true),
    (#"{"t": {"$gt": "a"}}"#, #"{"t": ["w", "x"]}"#, false), (#"{"t": {"$exists": true}}"#, #"{"t": ["w"]}"#, true),
    (#"{"t": {"$exists": true}}"#, #"{"t": []}"#, false), (#"{"t": {"$exists": true}}"#, #"{"t": null}"#, false),
    // Negation is the complement: it matches what lacks the key.
    (#"{"a": {"$ne": 1}}"#, "{}", true), (#"{"a": {"$ne": 1}}"#, #"{"a": 1}"#, false),
    (#"{"a": {"$ne": 1}}"#, #"{"a": "1"}"#, true),
    (#"{"a": {"$nin": [1]}}"#, "{}", true), (#"{"a": {"$not": {"$gt": 5}}}"#, "{}", true),
    (#"{"a": {"$not": {"$gt": 5}}}"#, #"{"a": 6}"#, false), (#"{"a": {"$not": {"$gt": 5}}}"#, #"{"a": "z"}"#, true),
    (#"{"$not": {"a": 1, "b": 2}}"#, #"{"a": 1}"#, true), (#"{"$not": {"a": 1, "b": 2}}"#, #"{"b": 2, "a": 1}"#, false),
    // Nothing and everything.
    (#"{"a": {"$in": []}}"#, #"{"a": 1}"#, false), (#"{"a": {"$nin": []}}"#, "{}", true),
    (#"{"a": {"$nin": []}}"#, #"{"a": 1}"#, true),
    // Ranges.
    (#"{"a": {"$gt": 5}}"#, #"{"a": 5}"#, false), (#"{"a": {"$gte": 5}}"#, #"{"a": 5}"#, true),
    (#"{"a": {"$lt": 5}}"#, #"{"a": 5}"#, false),
    (#"{"a": {"$lte": 5}}"#, #"{"a": 5}"#, true), (#"{"a": {"$gt": 5}}"#, #"{"a": "6"}"#, false),
    (#"{"a": {"$gt": 0}}"#, #"{"a": true}"#, false),
    (#"{"a": {"$gt": "a"}}"#, #"{"a": "b"}"#, true), (#"{"a": {"$gt": "a"}}"#, #"{"a": "a"}"#, false),
    (#"{"a": {"$gt": "a"}}"#, #"{"a": "aa"}"#, true),
    (#"{"a": {"$lt": "é"}}"#, #"{"a": "z"}"#, true), (#"{"a": {"$gte": 1, "$lt": 3}}"#, #"{"a": 2}"#, true),
    (#"{"a": {"$gte": 1, "$lt": 3}}"#, #"{"a": 3}"#, false),
    // Sets of several types.
    (#"{"a": {"$in": [1, "x", true]}}"#, #"{"a": true}"#, true),
    (#"{"a": {"$in": [1, "x", true]}}"#, #"{"a": false}"#, false),
    (#"{"a": {"$in": [1, "x", true]}}"#, #"{"a": "x"}"#, true), (#"{"a": {"$in": [3, 1, 2]}}"#, #"{"a": 2}"#, true),
    (#"{"a": {"$in": [3, 1, 2]}}"#, #"{"a": 2.5}"#, false),
    // Branches.
    (#"{"$or": [{"a": 1}, {"b": 2}]}"#, #"{"b": 2}"#, true), (#"{"$or": [{"a": 1}, {"b": 2}]}"#, #"{"b": 1}"#, false),
    (#"{"a": 1, "$or": [{"b": 2}, {"b": 3}]}"#, #"{"b": 3, "a": 1}"#, true),
    (#"{"a": 1, "$or": [{"b": 2}, {"b": 3}]}"#, #"{"b": 3}"#, false),
    (#"{"a.b": 1}"#, #"{"a.b": 1}"#, true),
  ])
  func decides(filterText: String, metadata: String, expected: Bool) throws {
    #expect(try matches(filterText, metadata) == expected)
  }

  /// Random filters over random records, against an evaluator that shares no code with the library's.
  @Test func agreesWithTheDefinition() throws {
    var random = SeededGenerator(seed: 2024)
    var matched = 0
    var total = 0
    for _ in 0..<3_000 {
      let expression = randomExpression(depth: 4, using: &random)
      let wanted = Filter(expression)
      for _ in 0..<12 {
        let record = randomRecord(using: &random)
        let expected = naive(expression, record)
        let entry = try encoded(text(of: record))
        let actual = entry.withUnsafeBytes { wanted.matches($0) }
        #expect(actual == expected, "\(expression) on \(text(of: record))")
        total += 1
        if actual { matched += 1 }
      }
    }
    #expect(matched > total / 10 && matched < total * 9 / 10)
  }

  /// The same through the text: every operator written as JSON and read back.
  @Test func agreesThroughTheParser() throws {
    var random = SeededGenerator(seed: 77)
    for _ in 0..<2_000 {
      let expression = randomExpression(depth: 3, using: &random)
      let wanted = try #require(try filter(text(of: expression)))
      for _ in 0..<5 {
        let record = randomRecord(using: &random)
        let actual = try encoded(text(of: record)).withUnsafeBytes { wanted.matches($0) }
        #expect(actual == naive(expression, record), "\(text(of: expression)) on \(text(of: record))")
      }
    }
  }

  // MARK: The definition, slow and plain

  private enum Value: Equatable {
    case string(String)
    case number(Double)
    case bool(Bool)
    case list([String])
  }

  private func naive(_ filter: FilterExpression, _ record: [(String, Value)]) -> Bool {
    func value(_ key: ByteString) -> Value? { record.first { Array($0.0.utf8) == key.bytes }?.1 }
    func equal(_ value: Value?, _ wanted: MetadataScalar) -> Bool {
      switch (value, wanted) {
      case (.string(let have), .string(let want)): return Array(have.utf8) == want.bytes
      case (.list(let have), .string(let want)): return have.contains { Array($0.utf8) == want.bytes }
      case (.number(let have), .number(let want)): return have == want
      case (.bool(let have), .bool(let want)): return have == want
      default: return false
      }
    }
    switch filter {
    case .and(let parts): return parts.allSatisfy { naive($0, record) }
    case .or(let parts): return parts.contains { naive($0, record) }
    case .not(let inner): return !naive(inner, record)
    case .equals(let key, let wanted): return equal(value(key), wanted)
    case .oneOf(let key, let wanted): return wanted.contains { equal(value(key), $0) }
    case .exists(let key): return value(key) != nil
    case .compares(let key, let comparison, let wanted):
      let order: Int
      switch (value(key), wanted) {
      case (.number(let have), .number(let want)): order = have < want ? -1 : have > want ? 1 : 0
      case (.string(let have), .string(let want)):
        let left = Array(have.utf8)
        order = left == want.bytes ? 0 : left.lexicographicallyPrecedes(want.bytes) ? -1 : 1
      default: return false
      }
      switch comparison {
      case .less: return order < 0
      case .lessOrEqual: return order <= 0
      case .greater: return order > 0
      case .greaterOrEqual: return order >= 0
      }
    }
  }

  private let keys = ["a", "b", "c", "key", "é"]
  private let words = ["", "a", "aa", "b", "é", "z", "longer text than the others"]
  private let numbers = [-1.5, 0, 1, 2, 3.25, 1e10]

  private func randomRecord(using random: inout SeededGenerator) -> [(String, Value)] {
    var record: [(String, Value)] = []
    for key in keys.shuffled(using: &random) where Int.random(in: 0..<4, using: &random) > 0 {
      switch Int.random(in: 0..<4, using: &random) {
      case 0: record.append((key, .string(words.randomElement(using: &random) ?? "")))
      case 1: record.append((key, .number(numbers.randomElement(using: &random) ?? 0)))
      case 2: record.append((key, .bool(Bool.random(using: &random))))
      default:
        record.append(
          (
            key,
            .list((0...Int.random(in: 0..<3, using: &random)).map { _ in words.randomElement(using: &random) ?? "" })
          ))
      }
    }
    return record
  }

  private func randomScalar(_ allowBool: Bool, using random: inout SeededGenerator) -> MetadataScalar {
    switch Int.random(in: 0..<(allowBool ? 3 : 2), using: &random) {
    case 0: .string(ByteString(words.randomElement(using: &random) ?? ""))
    case 1: .number(numbers.randomElement(using: &random) ?? 0)
    default: .bool(Bool.random(using: &random))
    }
  }

  private func randomExpression(depth: Int, using random: inout SeededGenerator) -> FilterExpression {
    let key = ByteString(keys.randomElement(using: &random) ?? "a")
    switch Int.random(in: 0..<(depth > 0 ? 10 : 6), using: &random) {
    case 0, 1: return .equals(key: key, randomScalar(true, using: &random))
    case 2: return .exists(key: key)
    case 3:
      let count = Int.random(in: 0..<6, using: &random)
      return .oneOf(key: key, (0..<count).map { _ in randomScalar(true, using: &random) })
    case 4, 5:
      let comparison = FilterExpression.Comparison.allCases.randomElement(using: &random) ?? .less
      return .compares(key: key, comparison, randomScalar(false, using: &random))
    case 6, 7: return .not(randomExpression(depth: depth - 1, using: &random))
    case 8:
      return .and(
        (0...Int.random(in: 0..<3, using: &random)).map { _ in randomExpression(depth: depth - 1, using: &random) })
    default:
      return .or(
        (0...Int.random(in: 0..<3, using: &random)).map { _ in randomExpression(depth: depth - 1, using: &random) })
    }
  }

  // MARK: As text

  private func text(of record: [(String, Value)]) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    for (key, value) in record {
      writer.key(key)
      switch value {
      case .string(let string): writer.string(string)
      case .number(let number): writer.number(number)
      case .bool(let bool): writer.bool(bool)
      case .list(let items):
        writer.beginArray()
        for item in items { writer.string(item) }
        writer.endArray()
      }
    }
    writer.endObject()
    return writer.text
  }

  private func text(of scalar: MetadataScalar) -> String {
    var writer = JSONWriter()
    switch scalar {
    case .string(let string): writer.string(string)
    case .number(let number): writer.number(number)
    case .bool(let bool): writer.bool(bool)
    }
    return writer.text
  }

  private func text(of expression: FilterExpression) -> String {
    func leaf(_ key: ByteString, _ name: String, _ operand: String) -> String {
      "{\"\(key.text)\":{\"\(name)\":\(operand)}}"
    }
    switch expression {
    case .and(let parts): return "{\"$and\":[" + parts.map(text(of:)).joined(separator: ",") + "]}"
    case .or(let parts): return "{\"$or\":[" + parts.map(text(of:)).joined(separator: ",") + "]}"
    case .not(.equals(let key, let value)): return leaf(key, "$ne", text(of: value))
    case .not(.oneOf(let key, let values)):
      return leaf(key, "$nin", "[" + values.map(text(of:)).joined(separator: ",") + "]")
    case .not(let inner): return "{\"$not\":\(text(of: inner))}"
    case .equals(let key, let value): return leaf(key, "$eq", text(of: value))
    case .oneOf(let key, let values): return leaf(key, "$in", "[" + values.map(text(of:)).joined(separator: ",") + "]")
    case .compares(let key, let comparison, let value): return leaf(key, comparison.rawValue, text(of: value))
    case .exists(let key): return leaf(key, "$exists", "true")
    }
  }
}
