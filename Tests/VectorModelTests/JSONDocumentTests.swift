import Support
import Testing

@testable import VectorModel

@Suite struct JSONDocumentTests {
  @Test func readsEveryKind() throws {
    let root = try document(#" {"a": null, "b": [true, false, 1, -2.5, "x"], "c": {}, "d": ""} "#).root
    #expect(root.kind == .object && root.count == 4)
    #expect(root["a"]?.isNull == true)
    let list = try #require(root["b"])
    #expect(list.count == 5)
    let items = Array(list.elements)
    #expect(items.map(\.kind) == [.bool, .bool, .integer, .number, .string])
    #expect(items[0].bool == true && items[1].bool == false)
    #expect(items[2].integer == 1 && items[2].double == 1)
    #expect(items[3].double == -2.5 && items[3].integer == nil)
    #expect(items[4].string == "x")
    #expect(root["c"]?.count == 0)
    #expect(root["d"]?.string?.isEmpty == true)
    #expect(root["e"] == nil)
    #expect(root.members.map(\.key) == ["a", "b", "c", "d"])
  }

  @Test func decodesEscapes() throws {
    let root = try document(#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\u0000z""#).root
    #expect(root.string == ByteString("\"\\/\u{8}\u{c}\n\r\t\u{e9}\u{1F600}\0z"))
  }

  @Test(arguments: [
    #""\ud800""#, #""\udc00""#, #""\ud800x""#, #""\ud800\u0041""#, #""a\udfffb""#, #"{"\udc00": 1}"#,
    #"["é", "\udead"]"#,
  ])
  func refusesLoneSurrogates(text: String) {
    #expect(errorOf { () throws(VectorError) in try document(text) }?.status == .invalidJSON)
  }

  @Test func keepsBytesNextToSurrogateRange() throws {
    #expect(try document("\"\u{D7FF}\u{E000}\"").root.string == ByteString("\u{D7FF}\u{E000}"))
    #expect(try document(#""\ud7ff\ue000""#).root.string == ByteString("\u{D7FF}\u{E000}"))
  }

  @Test(arguments: [
    "", " ", "{", "}", "[", "]", "[1", "[1,", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{'a':1}",
    "tru",
    "nul", "True", "1 2", "{} {}", "01", "-", "+1", ".5", "1.", "1e", "1e+", "NaN", "Infinity", "-Infinity", "0x1",
    "\"",
    "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"", "\"a\nb\"", "\"a\u{1f}b\"", "\"a\u{1a}\"", "//x\n1", "/**/1", "[1]]",
    "\u{feff}1",
    "{}\0", "\0", "\"\0\"",
  ])
  func refusesWhatIsNotJSON(text: String) {
    let error = errorOf { () throws(VectorError) in try document(text) }
    #expect(error?.status == .invalidJSON)
    #expect(error?.message.contains("at byte") == true)
    #expect(error?.message.contains("\n") == false)
  }

  @Test func namesTheByte() {
    let error = errorOf { () throws(VectorError) in try document("{\"a\": 1, b}") }
    #expect(error?.message == "text is not JSON: expected a key in double quotes at byte 9")
  }

  @Test(
    arguments: [
      [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
      [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22],
      [0x22, 0xE2, 0x82, 0x22], [0x22, 0xC3], [0x22, 0x80, 0x22], [0x22, 0xF5, 0x80, 0x80, 0x80, 0x22],
      [0x22, 0xE0, 0x9F, 0xBF, 0x22], [0x22, 0xF0, 0x8F, 0xBF, 0xBF, 0x22],
    ] as [[UInt8]])
  func refusesBytesThatAreNotUTF8(bytes: [UInt8]) {
    let padded = [UInt8](repeating: 0x20, count: 45) + bytes
    let error = errorOf { () throws(VectorError) in
      try withBytes(padded) { text throws(VectorError) in try JSONDocument(text, what: "text") }
    }
    #expect(error?.status == .invalidUTF8)
    #expect(error?.message == "text is not UTF-8 from byte 46 on")
  }

  @Test func depthIsLimited() throws {
    let deepest = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
    #expect(try document(deepest).root.count == 1)
    for depth in [65, 10_000, 1_000_000] {
      let arrays = String(repeating: "[", count: depth)
      let objects = String(repeating: "{\"a\":", count: depth)
      for text in [arrays, objects, arrays + String(repeating: "]", count: depth)] {
        let error = errorOf { () throws(VectorError) in try document(text) }
        #expect(error?.status == .invalidJSON)
        #expect(error?.message.contains("deeper than 64") == true)
      }
    }
  }

  @Test func nodesAreLimited() throws {
    let text = "[" + String(repeating: "0,", count: 99) + "0]"
    func parse(_ limit: UInt32) throws(VectorError) -> JSONDocument {
      try withBytes(text) { bytes throws(VectorError) in try JSONDocument(bytes, what: "text", maxNodes: limit) }
    }
    #expect(try parse(101).root.count == 100)
    #expect(errorOf { () throws(VectorError) in try parse(100) }?.status == .invalidJSON)
  }

  @Test func hundredMegabytes() throws {
    let bytes = [0x22] + [UInt8](repeating: 0x61, count: 100_000_000) + [0x22]
    let started = monotonicNanoseconds()
    let length = try withBytes(bytes) { text throws(VectorError) in
      try JSONDocument(text, what: "text").root.string?.count
    }
    #expect(length == 100_000_000)
    #expect(monotonicNanoseconds() - started < 20_000_000_000)
  }

  @Test(arguments: [
    ("0", 0.0), ("-0", 0), ("-0.0", -0.0), ("1e5", 1e5), ("1E+5", 1e5), ("1.5e-3", 1.5e-3), ("1e308", 1e308),
    ("1.7976931348623157e308", 1.7976931348623157e308), ("5e-324", 5e-324), ("1e-400", 0),
    ("0.1", 0.1), ("123456789012345678901234567890", 1.2345678901234568e29),
    ("2.2250738585072011e-308", 2.2250738585072011e-308),
    ("1e-99999999999999999999", 0), ("9007199254740993", 9007199254740992),
    ("0.30000000000000004", 0.30000000000000004),
  ])
  func readsNumbersExactly(text: String, expected: Double) throws {
    #expect(try document(text).root.double == expected)
  }

  @Test(arguments: [
    "1e309", "-1e309", "1.8e308", "1e999999999999", "0e999999999999", "1" + String(repeating: "0", count: 400),
  ])
  func refusesNumbersOutOfRange(text: String) {
    let error = errorOf { () throws(VectorError) in try document(text) }
    #expect(error?.status == .invalidJSON)
    #expect(error?.message.contains("double") == true)
  }

  @Test func longDigitsAreSafe() throws {
    let zeros = String(repeating: "0", count: 100_000)
    #expect(try document("0." + zeros + "1e-2147483647").root.double == 0)
    #expect(try document("0." + zeros + "1e100001").root.double == 1)
    #expect(try document("0." + String(repeating: "3", count: 100_000)).root.double == 1.0 / 3)
  }

  @Test func integersAreExact() throws {
    #expect(try document("9223372036854775807").root.integer == .max)
    #expect(try document("-9223372036854775808").root.integer == .min)
    #expect(try document("9223372036854775808").root.integer == nil)
    #expect(try document("5.0").root.integer == 5)
    #expect(try document("9007199254740992").root.isInexactInteger == false)
    #expect(try document("9007199254740993").root.isInexactInteger)
    #expect(try document("-9007199254740993").root.isInexactInteger)
    #expect(try document("18446744073709551616").root.isInexactInteger)
    #expect(try document("1e20").root.isInexactInteger == false)
  }

  @Test func findsRepeatedKeys() throws {
    let few = try document(#"{"a": {"b": 1}, "b": 2, "a": 3}"#)
    #expect(try few.duplicateKey(of: few.root) == "a")
    let none = try document("{\"caf\u{e9}\": 1, \"cafe\u{301}\": 2}")
    #expect(try none.duplicateKey(of: none.root) == nil)
    let escaped = try document(#"{"a": 1, "\u0061": 2}"#)
    #expect(try escaped.duplicateKey(of: escaped.root) == "a")
  }

  /// Random damage to valid text must end in a value or an error, never in a crash.
  @Test func survivesRandomBytes() {
    var random = SeededGenerator(seed: 7)
    let seed = Array(
      #"{"a": [1, -2.5e3, "x\u00e9\n\ud83d\ude00", true, null, {"$in": ["é", 12345678901234567890]}]}"#.utf8)
    for _ in 0..<20_000 {
      var bytes = seed
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let at = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: at)
        case 2: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &random)], at: at)
        default: bytes.removeSubrange(at...)
        }
        if bytes.isEmpty { bytes = [0x5B] }
      }
      let error = errorOf { () throws(VectorError) in
        try withBytes(bytes) { text throws(VectorError) in walk(try JSONDocument(text, what: "text").root) }
      }
      if let error { #expect([.invalidJSON, .invalidUTF8].contains(error.status)) }
    }
  }

  private func walk(_ value: JSONValue) {
    for element in value.elements { walk(element) }
    for (_, member) in value.members { walk(member) }
    _ = value.string
  }
}
