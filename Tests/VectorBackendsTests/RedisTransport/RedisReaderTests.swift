import Support
import Testing

@testable import VectorBackends

/// Reads replies from text, fed in pieces of so many bytes; hands each to `body`.
func readReplies(
  _ text: String, piece: Int = .max, maxBytes: Int = 1 << 20, maxValues: UInt32 = 1000, _ body: (RedisReply) -> Void
) throws {
  let reader = try #require(RedisReader(maxBytes: maxBytes, maxValues: maxValues))
  let bytes = Array(text.utf8)
  for start in stride(from: 0, to: bytes.count, by: min(piece, bytes.count)) {
    let part = Array(bytes[start..<min(start + min(piece, bytes.count), bytes.count)])
    try part.withUnsafeBytes { try reader.feed($0) }
    while let reply = try reader.next() { body(reply) }
  }
}

/// A reply as text that shows what everything is.
func shown(_ reply: RedisReply) -> String {
  switch reply.kind {
  case .array: "[" + reply.elements.map { shown($0) }.joined(separator: " ") + "]"
  case .integer: ":\(reply.integer ?? -1)"
  case .null: "nil"
  case .error: "!\(reply.error ?? "")"
  case .string: "'\(reply.bytes.map { String(decoding: $0, as: UTF8.self) } ?? "")'"
  }
}

@Suite struct RedisReaderTests {
  private let text = "+OK\r\n:-5\r\n$3\r\na\r\n\r\n*3\r\n$0\r\n\r\n*2\r\n:1\r\n*-1\r\n$-1\r\n-ERR no\r\n*0\r\n"
  private let replies = ["'OK'", ":-5", "'a\r\n'", "['' [:1 nil] nil]", "!ERR no", "[]"]

  @Test(arguments: [1, 2, 3, 7, 1000])
  func repliesComeOutAsTheyWentIn(piece: Int) throws {
    var found: [String] = []
    try readReplies(text, piece: piece) { found.append(shown($0)) }
    #expect(found == replies)
  }

  @Test func valuesAreReadByWhatTheyAre() throws {
    try readReplies("*5\r\n$4\r\n12.5\r\n$2\r\n42\r\n:7\r\n$3\r\nabc\r\n$4\r\nname\r\n") { reply in
      let elements = Array(reply.elements)
      #expect(elements[0].number == 12.5 && elements[0].integer == nil)
      #expect(elements[1].number == 42 && elements[1].integer == 42)
      #expect(elements[2].number == 7 && elements[2].integer == 7)
      #expect(elements[3].number == nil && elements[3].integer == nil && elements[3].is("abc"))
      #expect(reply["abc"]?.is("name") == nil && reply["42"]?.integer == nil)
    }
    try readReplies("*4\r\n$1\r\na\r\n*1\r\n:1\r\n$1\r\nb\r\n:2\r\n") { reply in
      #expect(reply["a"]?.first?.integer == 1)
      #expect(reply["b"]?.integer == 2)
      #expect(reply["c"] == nil)
    }
  }

  /// As servers write them, and as others may have.
  @Test(
    arguments: [
      ("0.25", 0.25), ("-1e-3", -0.001), ("1e+20", 1e20), ("inf", .infinity), ("-inf", -.infinity),
      ("1e400", .infinity),
      ("+1.5", 1.5), ("1.5x", nil), (" 1", nil), ("", nil),
    ] as [(String, Double?)])
  func numbersAreReadAsTheyStand(text: String, number: Double?) throws {
    var read = 0
    try readReplies("*1\r\n$\(text.utf8.count)\r\n\(text)\r\n") { reply in
      read += 1
      #expect(reply.first?.number == number)
    }
    #expect(read == 1)
  }

  @Test func notANumberIsOneToo() throws {
    var isNaN = false
    try readReplies("*1\r\n$4\r\n-nan\r\n") { reply in isNaN = reply.first?.number?.isNaN == true }
    #expect(isNaN)
  }

  @Test func whatIsNoReplyIsRefused() {
    for text in ["HTTP/1.1 400\r\n", "$abc\r\n", "*x\r\n", ":1x\r\n"] {
      #expect(throws: RedisReader.Failure.invalid) { try readReplies(text) { _ in } }
    }
  }

  @Test func nestingHasAnEnd() {
    #expect(throws: RedisReader.Failure.invalid) {
      try readReplies(String(repeating: "*1\r\n", count: 1000)) { _ in }
    }
  }

  /// A server may claim anything: only what really comes is held, and no more than the limit.
  @Test func claimsCostNothing() throws {
    #expect(throws: RedisReader.Failure.tooLarge) { try readReplies("*2000000000\r\n") { _ in } }
    #expect(throws: RedisReader.Failure.tooLarge) {
      let array = "*600\r\n" + String(repeating: ":1\r\n", count: 600)
      try readReplies("*2\r\n" + array + array, maxValues: 1000) { _ in }
    }
    #expect(throws: RedisReader.Failure.tooLarge) {
      try readReplies("$5000\r\n" + String(repeating: "x", count: 5000) + "\r\n", piece: 100, maxBytes: 1000) { _ in }
    }
    #expect(throws: RedisReader.Failure.tooLarge) {
      let item = "$100\r\n" + String(repeating: "x", count: 100) + "\r\n"
      try readReplies("*100\r\n" + String(repeating: item, count: 100), piece: 50, maxBytes: 1000) { _ in }
    }
    var count = 0
    // The limit is one reply's, not that of all.
    try readReplies(
      String(repeating: "$500\r\n" + String(repeating: "x", count: 500) + "\r\n", count: 20), maxBytes: 12_000
    ) {
      count += $0.bytes?.count ?? 0
    }
    #expect(count == 10_000)
  }
}
