import Support
import Testing

@testable import VectorBackends
@testable import VectorModel

/// Filters as Milvus' expressions. What they mean is tested against real servers.
@Suite struct MilvusFilterTests {
  private func compile(
    _ json: String, _ dialect: MilvusFilter.Dialect = .init()
  ) throws -> MilvusFilter.Compiled {
    let filter = try Array(json.utf8).withUnsafeBytes { try Filter.parse($0) }
    return try MilvusFilter(dialect).compile(try #require(filter).expression)
  }

  private func text(_ json: String, _ dialect: MilvusFilter.Dialect = .init()) throws -> String {
    guard case .expression(let text) = try compile(json, dialect) else { return "" }
    return String(decoding: text, as: UTF8.self)
  }

  @Test func eachComparisonAsksWhetherTheKeyIsThere() throws {
    #expect(
      try text(#"{"k": "v"}"#)
        == #"((exists metadata["k"]) and ((metadata["k"] == "v") or json_contains_any(metadata["k"], ["v"])))"#)
    #expect(try text(#"{"k": {"$gte": -2}}"#) == #"((exists metadata["k"]) and (metadata["k"] >= -2.0))"#)
    #expect(try text(#"{"k": true}"#) == #"((exists metadata["k"]) and (metadata["k"] == true))"#)
    #expect(try text(#"{"k": {"$exists": false}}"#) == #"(not (exists metadata["k"]))"#)
  }

  @Test func negationStandsAroundTheWholeLeaf() throws {
    let leaf = try text(#"{"k": {"$gt": 5}}"#)
    #expect(try text(#"{"k": {"$not": {"$gt": 5}}}"#) == "(not \(leaf))")
    #expect(try text(#"{"$not": {"k": {"$gt": 5}}}"#) == "(not \(leaf))")
  }

  /// A key or a value can end neither its literal nor the expression.
  @Test func nothingGetsOutOfALiteral() throws {
    let hostile = #"\"] or (id != \"\") or metadata[\"x\\"#
    let text = try text(#"{"\#(hostile)\u0001": "\#(hostile)\n\r\u0000\t"}"#)
    let literal = #""\"] or (id != \"\") or metadata[\"x\\"#
    let path = "metadata[\(literal)\\u0001\"]"
    #expect(text.hasPrefix("((exists \(path)) and ((\(path) == \(literal)\\n\\r\0\\t\")"))
    // Outside of literals there is only what was written here.
    var outside = ""
    var isInside = false
    var isEscaped = false
    for character in text.unicodeScalars {
      if isInside, isEscaped {
        isEscaped = false
      } else if isInside, character == "\\" {
        isEscaped = true
      } else if character == "\"" {
        isInside.toggle()
      } else if !isInside {
        outside.unicodeScalars.append(character)
      }
    }
    #expect(!isInside)
    #expect(outside == "((exists metadata[]) and ((metadata[] == ) or json_contains_any(metadata[], [])))")
  }

  @Test func whatIsDecidedNeedsNoExpression() throws {
    #expect(try compile(#"{"k": {"$in": []}}"#) == .always(false))
    #expect(try compile(#"{"k": {"$nin": []}}"#) == .always(true))
    #expect(try compile(#"{"a": 1, "k": {"$in": []}}"#) == .always(false))
    #expect(try compile(#"{"$or": [{"a": 1}, {"k": {"$nin": []}}]}"#) == .always(true))
    #expect(try text(#"{"a": {"$exists": true}, "k": {"$nin": []}}"#) == #"(exists metadata["a"])"#)
  }

  @Test func aListOfManyKindsIsAskedKindByKind() throws {
    let text = try text(#"{"k": {"$in": ["a", 1, true, "b"]}}"#)
    #expect(text.contains(#"json_contains_any(metadata["k"], ["a","b"])"#))
    #expect(text.contains(#"(metadata["k"] == 1.0)"#))
    #expect(text.contains(#"(metadata["k"] == true)"#))
  }

  /// Servers recurse over what they read.
  @Test func manyBranchesMakeAShallowTree() throws {
    let values = (0..<5000).map { "\"v\($0)\"" }.joined(separator: ",")
    var (depth, deepest) = (0, 0)
    for byte in try text(#"{"k": {"$in": [\#(values)]}}"#).utf8 {
      if byte == UInt8(ascii: "(") { depth += 1 }
      if byte == UInt8(ascii: ")") { depth -= 1 }
      deepest = max(deepest, depth)
    }
    #expect(depth == 0)
    #expect(deepest < 20)
  }

  @Test func numbersAlwaysHaveAPointOrAnExponent() throws {
    for (number, literal) in [
      ("5", "5.0"), ("9007199254740992", "9007199254740992.0"), ("1e19", "1e+19"), ("0.1", "0.1"), ("-0", "0.0"),
    ] {
      #expect(try text(#"{"k": {"$lt": \#(number)}}"#).contains("< \(literal))"))
    }
  }

  @Test func milvusLiteIsToldTypesApart() throws {
    let lite = MilvusFilter.Dialect(isLite: true, listsBools: true)
    let number = try text(#"{"k": 1}"#, lite)
    #expect(number.contains(#"(not json_contains(metadata["_vdb_bools"], "k"))"#))
    #expect(number.contains(#"(not (metadata["k"] like "%"))"#))
    #expect(try text(#"{"k": true}"#, lite).contains(#"json_contains(metadata["_vdb_bools"], "k")"#))
    let dynamic = MilvusFilter.Dialect(isLite: true, field: "$meta")
    #expect(throws: VectorError.self) { try text(#"{"k": "v"}"#, dynamic) }
    #expect(try text(#"{"k": {"$gt": 1}}"#, dynamic).contains(#"$meta["k"]"#))
  }
}
