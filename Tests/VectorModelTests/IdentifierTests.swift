import Support
import Testing

@testable import VectorModel

@Suite struct IdentifierTests {
  private func check(_ bytes: [UInt8]) -> VectorError? {
    errorOf { () throws(VectorError) in try withBytes(bytes) { id throws(VectorError) in try checkID(id, index: 3) } }
  }

  @Test func acceptsIDs() {
    for id in ["a", "é", "😀", " ", "a\nb", String(repeating: "x", count: 512)] { #expect(check(Array(id.utf8)) == nil) }
  }

  @Test func refusesWhatIsNoID() {
    #expect(check([])?.status == .invalidID)
    #expect(check([UInt8](repeating: 0x78, count: 513))?.status == .invalidID)
    #expect(check([0x61, 0, 0x62])?.status == .invalidID)
    #expect(check([0x61, 0xFF])?.status == .invalidUTF8)
    #expect(check([0xC3])?.status == .invalidUTF8)
    #expect(check([0x61, 0])?.index == 3)
    #expect(check([0x61, 0, 0x62])?.message == #"id at index 3 holds a NUL byte: "a\u0000b""#)
    #expect((check([UInt8](repeating: 0x78, count: 513))?.message.count ?? 999) < 160)
  }

  @Test(arguments: 1...40) func aBatchIsCheckedAtEveryPlace(length: Int) throws {
    let plain = [UInt8](repeating: 0x01, count: length)
    func problem(_ id: [UInt8]) throws -> VectorError? {
      try withPacked([plain, id]) { ids in
        errorOf { () throws(VectorError) in try checkIDs(ids, context: .unbounded) }
      }
    }
    for place in 0..<length {
      for byte: UInt8 in [0x01, 0x7F, 0x00, 0x80, 0xFF] {
        var id = plain
        id[place] = byte
        let error = try problem(id)
        #expect(error?.status == (byte == 0 ? .invalidID : byte >= 0x80 ? .invalidUTF8 : nil))
        #expect(error.map { $0.index == 1 } ?? true)
      }
      if place + 1 < length {
        var id = plain
        id.replaceSubrange(place..<place + 2, with: [0xC3, 0xA9])
        #expect(try problem(id) == nil)
      }
    }
    #expect(try problem([UInt8](repeating: 0x61, count: 513))?.status == .invalidID)
  }

  @Test func lastOccurrenceWins() throws {
    func kept(_ ids: [String]) throws -> [Int]? { try written(ids.map { Array($0.utf8) }) }
    #expect(try kept([]) == nil)
    #expect(try kept(["a"]) == nil)
    #expect(try kept(["a", "b", "A"]) == nil)
    #expect(try kept(["caf\u{e9}", "cafe\u{301}"]) == nil)
    #expect(try kept(["a", "b", "a", "c", "a", "b"]) == [3, 4, 5])
    #expect(try kept(["a", "a"]) == [1])
  }

  /// The items of a batch that are written, nil when no id repeats.
  private func written(_ ids: [[UInt8]]) throws -> [Int]? {
    try withPacked(ids) { packed in
      guard let repeated = try RepeatedIDs(packed, context: .unbounded) else { return nil }
      let items = (0..<ids.count).filter { repeated.next(after: $0) == nil }
      #expect(items.count == ids.count - repeated.supersededCount)
      return items
    }
  }

  @Test func everyItemLeadsToTheNextOfItsID() throws {
    let ids = ["a", "b", "a", "c", "a", "b"].map { Array($0.utf8) }
    try withPacked(ids) { packed in
      let repeated = try #require(try RepeatedIDs(packed, context: .unbounded))
      #expect((0..<6).map { repeated.next(after: $0) } == [2, 5, 4, nil, nil, nil])
      #expect((0..<6).map { repeated.isFirst($0) } == [true, true, false, true, false, false])
    }
  }

  @Test func lastOccurrencesAgreeWithADictionary() throws {
    var random = SeededGenerator(seed: 1)
    for size in [2, 10, 1_000, 20_000] {
      let ids = (0..<size).map { _ in Array("id\(Int.random(in: 0..<size * 2, using: &random))".utf8) }
      var last: [[UInt8]: Int] = [:]
      for (index, id) in ids.enumerated() { last[id] = index }
      let expected = last.values.sorted()
      #expect((try written(ids) ?? Array(0..<size)) == expected)
    }
  }
}

@Suite struct MessageHelperTests {
  @Test(arguments: [
    ("abc", #""abc""#), ("a\"b\\", #""a\"b\\""#), ("a\nb\u{1}\u{7f}", #""a\nb\u0001\u007f""#),
    ("\u{202e}x", #""\u202ex""#),
    ("é😀", "\"é😀\""), ("", "\"\""),
  ])
  func quotesText(text: String, expected: String) {
    #expect(quoted(text) == expected)
  }

  @Test func cutsLongValues() {
    #expect(quoted(String(repeating: "x", count: 64)) == "\"" + String(repeating: "x", count: 64) + "\"")
    #expect(quoted(String(repeating: "x", count: 65), limit: 4) == "\"xxxx…\" (65 bytes)")
    #expect(quoted("aaéé", limit: 3) == "\"aa…\" (6 bytes)")
    #expect(quoted(ByteString([0x61, 0xFF, 0x62])) == #""a\xffb""#)
    #expect(quoted(ByteString([UInt8](repeating: 0xFF, count: 10)), limit: 2) == #""\xff\xff…" (10 bytes)"#)
  }

  @Test func findsTheNearestName() {
    let names = ["dimensions", "metric", "namespace", "threads", "index"]
    #expect(nearestName(to: "dimension", among: names) == "dimensions")
    #expect(nearestName(to: "metirc", among: names) == "metric")
    #expect(nearestName(to: "Threads", among: names) == "threads")
    #expect(nearestName(to: "indx", among: names) == "index")
    #expect(nearestName(to: "zebra", among: names) == nil)
    #expect(nearestName(to: "", among: names) == nil)
    #expect(nearestName(to: String(repeating: "x", count: 100_000), among: names) == nil)
    #expect(nearestName(to: "$grt", among: Filter.operators) == "$gt")
  }
}
