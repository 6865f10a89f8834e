import Support
import Testing

@testable import VectorModel

@Suite struct MetadataTests {
  private func parse(_ text: String, count: Int, patches: Bool = false) throws(VectorError) -> MetadataBatch {
    try withBytes(text) { bytes throws(VectorError) in
      try MetadataBatch.parse(json: bytes, count: count, patches: patches)
    }
  }

  @Test(arguments: [
    (
      #"{"lang": "en", "year": 2020, "ok": true, "no": false, "tags": ["a", "", "é"]}"#,
      #"{"lang":"en","year":2020,"ok":true,"no":false,"tags":["a","","é"]}"#
    ),
    (#"{"z": 5.0, "a": -0.0, "m": 1e300, "n": 1e-400}"#, #"{"z":5,"a":0,"m":1e+300,"n":0}"#),
    (#"{"a": null, "b": [], "c": ""}"#, #"{"c":""}"#),
    ("{}", "{}"), ("null", "{}"),
    (#"{"a.b": "x\u0000y\n"}"#, #"{"a.b":"x\u0000y\n"}"#),
    (#"{"n": 9007199254740992, "m": -9007199254740992}"#, #"{"n":9007199254740992,"m":-9007199254740992}"#),
    ("{\"caf\u{e9}\": 1, \"cafe\u{301}\": 2}", "{\"caf\u{e9}\":1,\"cafe\u{301}\":2}"),
  ])
  func comesBackAsItWasMeant(text: String, expected: String) throws {
    #expect(Array(json(of: try encoded(text)).utf8) == Array(expected.utf8))
  }

  @Test(arguments: [
    (#"{"a": {"b": 1}}"#, "key \"a\" holds an object"),
    (#"{"a": ["x", 1]}"#, "item 1 of the list at key \"a\" is a number"),
    (#"{"a": [["x"]]}"#, "item 0 of the list at key \"a\" is a list"),
    (#"{"a": [null]}"#, "is null"),
    (#"{"a": [true]}"#, "is a bool"),
    (#"{"a": 9007199254740993}"#, "the integer 9007199254740993 at key \"a\" is beyond 2^53: store it as a string"),
    (#"{"a": -9007199254740993}"#, "beyond 2^53"),
    (#"{"a": 123456789012345678901}"#, "an integer of about 1.2345678901234568e+20 at key"),
    (#"{"a": 1e309}"#, "double"),
    (#"{"": 1}"#, "is empty"),
    (#"{"$a": 1}"#, "begins with \"$\""),
    (#"{"_vdb_x": 1}"#, "begins with \"_vdb\""),
    (#"{"a": 1, "b": 2, "a": 3}"#, "the key \"a\" twice"),
    ("[1]", "is a list: expected an object or null"), ("5", "is a number"), ("\"x\"", "is a string"),
  ])
  func refusesWhatIsOutsideTheModel(text: String, words: String) throws {
    let error = try #require(
      errorOf { () throws(VectorError) in try parse("[{\"fine\": 1}, \(text), {\"a\": {}}]", count: 3) })
    #expect(error.status == .invalidMetadata)
    #expect(error.index == 1)
    #expect(error.message.contains("record 1"))
    #expect(error.message.contains(words), "\(error.message)")
    #expect(!error.message.contains("\n"))
  }

  @Test(arguments: [
    (#"[{"a": "x\u0000y"}]"#, true), (#"[{"a\u0000": 1}]"#, true), (#"[{"a": ["\n", "\\\u0000"]}]"#, true),
    (#"[{"a": "\\u0000\u0001"}]"#, false), (#"[{"a": "u0000"}]"#, false), (#"[{"a": "\\"}]"#, false), ("[null]", false),
  ])
  func tellsWhetherNULMayBeThere(text: String, mayBe: Bool) throws {
    #expect(try parse(text, count: 1).mayHoldNUL == mayBe)
    #expect(!MetadataBatch(emptyCount: 1).mayHoldNUL)
  }

  @Test func keysHaveLimits() throws {
    let longest = String(repeating: "k", count: 255)
    #expect(json(of: try encoded("{\"\(longest)\":1}")) == "{\"\(longest)\":1}")
    let error = errorOf { () throws(VectorError) in try encoded("{\"\(longest)k\":1}") }
    #expect(error?.status == .invalidMetadata)
    #expect(error?.message.contains("longer than 255") == true)
    #expect((error?.message.count ?? 999) < 200)
    #expect(try json(of: encoded("{\"_vd\":1,\"vdb\":2}")) == "{\"_vd\":1,\"vdb\":2}")
  }

  @Test func manyKeysAreCheckedToo() throws {
    let keys = (0..<20_000).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
    let entry = try encoded("{\(keys)}")
    #expect(json(of: entry) == "{\(keys)}")
    let error = errorOf { () throws(VectorError) in try encoded("{\(keys),\"k777\":1}") }
    #expect(error?.message.contains("\"k777\" twice") == true)
  }

  @Test func countsElements() throws {
    #expect(try parse(#"[{"a":1}, null, {}]"#, count: 3).count == 3)
    #expect(try parse(" [ ] ", count: 0).count == 0)
    for (text, count) in [("[]", 1), ("[{}]", 2), ("[{},{}]", 1), ("[null]", 0)] {
      let error = errorOf { () throws(VectorError) in try parse(text, count: count) }
      #expect(error?.status == .invalidMetadata)
      #expect(error?.index == nil)
    }
    let batch = MetadataBatch(emptyCount: 2)
    #expect(batch.count == 2)
    #expect(batch.withEntry(1) { $0.count } == 0)
    #expect(batch.withEntry(-1) { $0.count } == 0)
    #expect(batch.withEntry(99) { $0.count } == 0)
  }

  @Test(arguments: [
    "", "{}", "5", "[", "[{}", "[{},", "[{},]", "[{}]x", "[,{}]", "[{} {}]", "[{]", "[{\"a\"}]", "null",
  ])
  func refusesWhatIsNoArray(text: String) {
    #expect(errorOf { () throws(VectorError) in try parse(text, count: 1) }?.status == .invalidJSON)
  }

  @Test func namesTheRecordOfBrokenJSON() {
    let error = errorOf { () throws(VectorError) in try parse(#"[{"a":1},{"b":x}]"#, count: 2) }
    #expect(error?.status == .invalidJSON)
    #expect(error?.index == 1)
    #expect(error?.message.contains("at byte 14") == true)
  }

  @Test func depthTenThousand() {
    let text = "[{\"a\":" + String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000) + "}]"
    let error = errorOf { () throws(VectorError) in try parse(text, count: 1) }
    #expect(error?.status == .invalidJSON)
    #expect(error?.index == 0)
  }

  @Test func recordSizeIsLimited() throws {
    let room = MetadataEncoding.maxBytes - MetadataEncoding.headerSize - 1
    let fits = String(repeating: "x", count: room)
    #expect(try encoded("{\"a\":\"\(fits)\"}").count == MetadataEncoding.maxBytes)
    let error = errorOf { () throws(VectorError) in try parse("[{},{\"a\":\"\(fits)x\"}]", count: 2) }
    #expect(error?.status == .tooLarge)
    #expect(error?.index == 1)
  }

  @Test func patchesKeepRemovals() throws {
    #expect(json(of: try encoded(#"{"a": null, "b": [], "c": 1}"#, patch: true)) == #"{"a":null,"b":null,"c":1}"#)
  }

  @Test(arguments: [
    (#"{"a":1,"b":"x"}"#, #"{"b":"y","c":true}"#, #"{"a":1,"b":"y","c":true}"#),
    (#"{"a":1,"b":"x"}"#, #"{"a":null}"#, #"{"b":"x"}"#),
    (#"{"a":1}"#, #"{"b":null}"#, #"{"a":1}"#),
    ("{}", #"{"a":1,"b":null}"#, #"{"a":1}"#),
    (#"{"a":1}"#, "{}", #"{"a":1}"#),
    (#"{"a":1}"#, #"{"a":null}"#, "{}"),
    (#"{"t":["a"]}"#, #"{"t":[]}"#, "{}"),
    (#"{"a":1}"#, #"{"a":["x","y"]}"#, #"{"a":["x","y"]}"#),
  ])
  func merges(base: String, patch: String, expected: String) throws {
    #expect(json(of: try merged(try encoded(base), try encoded(patch, patch: true))) == expected)
  }

  @Test func mergesManyKeys() throws {
    let base = (0..<5_000).map { "\"k\($0)\":0" }.joined(separator: ",")
    let patch = (2_500..<7_500).map { "\"k\($0)\":\($0 % 2 == 0 ? "null" : "1")" }.joined(separator: ",")
    let expected =
      (0..<2_500).map { "\"k\($0)\":0" } + (2_500..<7_500).filter { $0 % 2 == 1 }.map { "\"k\($0)\":1" }
    let result = json(of: try merged(try encoded("{\(base)}"), try encoded("{\(patch)}", patch: true)))
    #expect(result == "{\(expected.joined(separator: ","))}")
  }

  @Test func mergeKeepsTheLimitAndTheOutput() throws {
    let half = String(repeating: "x", count: 600_000)
    let output = ColumnBuffer<UInt8>()
    #expect(output.append(42))
    let base = try encoded("{\"a\":\"\(half)\"}")
    let patch = try encoded("{\"b\":\"\(half)\"}", patch: true)
    let error = errorOf { () throws(VectorError) in try merge(base, patch, into: output) }
    #expect(error?.status == .tooLarge)
    #expect(Array(output.elements) == [42])
  }

  @Test func fieldsAreReadWithoutCopy() throws {
    let entry = try encoded(#"{"s":"v","n":2.5,"b":true,"l":["x","yz"]}"#)
    entry.withUnsafeBytes { bytes in
      var seen: [String] = []
      for field in MetadataEncoding.fields(of: bytes) {
        let key = String(decoding: field.key, as: UTF8.self)
        switch field.value {
        case .string(let text): seen.append(key + String(decoding: text, as: UTF8.self))
        case .number(let number): seen.append(key + "\(number)")
        case .bool(let bool): seen.append(key + "\(bool)")
        case .strings(let items):
          seen.append(key + items.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "+"))
        case .remove: seen.append(key + "-")
        }
      }
      #expect(seen == ["sv", "n2.5", "btrue", "lx+yz"])
    }
  }

  /// Damaged bytes end the iteration; they are never read beyond their end.
  @Test func damagedEntriesAreSafe() throws {
    var random = SeededGenerator(seed: 3)
    let entry = try encoded(#"{"s":"value","n":2.5,"b":true,"l":["x","yz"]}"#)
    let probe = try #require(try filter(#"{"l": {"$in": ["yz", "q"]}, "n": {"$gt": 1}, "s": {"$lt": "w"}}"#))
    for _ in 0..<20_000 {
      var damaged = Array(entry.prefix(Int.random(in: 0...entry.count, using: &random)))
      if let at = damaged.indices.randomElement(using: &random) {
        damaged[at] = UInt8.random(in: 0...255, using: &random)
      }
      _ = json(of: damaged)
      _ = damaged.withUnsafeBytes { probe.matches($0) }
    }
  }

  @Test func survivesRandomBytes() {
    var random = SeededGenerator(seed: 5)
    let seed = Array(#"[{"a": 1, "b": "x\u00e9", "c": ["p", "q"]}, null, {"d": -2.5e3, "é": true, "f": null}]"#.utf8)
    for _ in 0..<20_000 {
      var bytes = seed
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] =
          Bool.random(using: &random)
          ? UInt8.random(in: 0...255, using: &random) : (seed.randomElement(using: &random) ?? 0)
      }
      let error = errorOf { () throws(VectorError) in
        try withBytes(bytes) { text throws(VectorError) in try MetadataBatch.parse(json: text, count: 3, patches: true)
        }
      }
      if let error { #expect([.invalidJSON, .invalidUTF8, .invalidMetadata].contains(error.status)) }
    }
  }

  private func merge(_ base: [UInt8], _ patch: [UInt8], into output: ColumnBuffer<UInt8>) throws(VectorError) {
    try withBytes(base) { b throws(VectorError) in
      try withBytes(patch) { p throws(VectorError) in try MetadataEncoding.merge(base: b, patch: p, into: output) }
    }
  }

  private func merged(_ base: [UInt8], _ patch: [UInt8]) throws(VectorError) -> [UInt8] {
    let output = ColumnBuffer<UInt8>()
    try merge(base, patch, into: output)
    return Array(output.elements)
  }
}
