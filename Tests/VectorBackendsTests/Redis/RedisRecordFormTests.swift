import Support
import Testing

@testable import VectorBackends
@testable import VectorModel

/// The keys, fields and tags that records are stored under: nothing may ever share one.
@Suite struct RedisRecordFormTests {
  @Test func keysTellNamespaceAndIDAndAreNeverShared() throws {
    let keys = RedisKeys(prefix: "docs:", hasNamespaces: true)
    let namespaces: [ByteString] = ["", "t", "t1", "1:t", "\u{1f}", "0:", "t\u{1f}1:a", ":", "é"]
    let ids: [ByteString] = ["a", "1:a", "\u{1f}1:ta", "\u{1f}0:a", "\u{1f}", ":", "t1:a", "é", "e\u{301}", "0:"]
    var seen: [ByteString: (ByteString, ByteString)] = [:]
    for namespace in namespaces {
      for id in ids {
        let key = ByteString(id.bytes.withUnsafeBytes { keys.start(of: namespace, id: $0) }.bytes + id.bytes)
        #expect(seen[key] == nil, "\(namespace.text)/\(id.text) has the key of \(seen[key].map { "\($0)" } ?? "")")
        seen[key] = (namespace, id)
        key.bytes.withUnsafeBytes { bytes in
          let parts = keys.parts(of: bytes)
          #expect(parts.map { ByteString($0.namespace) } == namespace)
          #expect(parts.map { ByteString($0.id) } == id)
        }
        #expect(key.bytes.starts(with: keys.start(of: namespace).bytes))
      }
    }
  }

  @Test func keysOfOthersAreTheirIDs() {
    let keys = RedisKeys(prefix: "p", hasNamespaces: false)
    ByteString("p\u{1f}1:ta").bytes.withUnsafeBytes { key in
      #expect(keys.parts(of: key).map { ByteString($0.id) } == ByteString("\u{1f}1:ta"))
    }
    for foreign: ByteString in ["q1", "p", ""] {
      foreign.bytes.withUnsafeBytes { key in #expect(keys.parts(of: key) == nil) }
    }
  }

  @Test func keysThatWereNeverMadeAreNone() {
    let keys = RedisKeys(prefix: "p:", hasNamespaces: true)
    for foreign: ByteString in [
      "p:\u{1f}", "p:\u{1f}:", "p:\u{1f}x:y", "p:\u{1f}9:abc", "p:\u{1f}99999999999999999999:a", "p:\u{1f}1:t",
    ] {
      foreign.bytes.withUnsafeBytes { key in #expect(keys.parts(of: key) == nil, "\(foreign.text)") }
    }
  }

  @Test func patternsTakeTheirPrefixLiterally() {
    let keys = RedisKeys(prefix: "a*b?[c]\\:", hasNamespaces: true)
    #expect(keys.pattern(of: "") == "a\\*b\\?\\[c\\]\\\\:*")
  }

  @Test func prefixesDoNotBeginOneAnother() {
    let prefixes = ["a", "a:b", "a%3Ab", "a:", "a::b", "%"].map { RedisSettings(index: ByteString($0)).newPrefix }
    for (n, first) in prefixes.enumerated() {
      for (m, second) in prefixes.enumerated() where n != m { #expect(!second.bytes.starts(with: first.bytes)) }
    }
  }

  @Test func fieldsAreNeverShared() {
    let keys: [ByteString] = [
      "lang", "Lang", "a.b", "a_2eb", "_x_a_2eb", "_x_", "_x_a.b", "é", "e\u{301}", " ", "a b", "a__s", "a", "_", "__",
      "\"",
      "_x__5fx_5fa_2eb", "_5f",
    ]
    var seen: Set<ByteString> = []
    for key in keys {
      for kind in RedisColumn.Kind.allCases {
        let field = RedisColumn(key, kind).field
        #expect(seen.insert(field).inserted, "\(key.text) \(kind): \(field.text)")
        #expect(
          field.bytes.allSatisfy { $0 < 0x80 && ($0 == 0x5F || Character(UnicodeScalar($0)).isLetter || $0 <= 0x39) })
      }
    }
    #expect(RedisColumn("year", .number).field == "year__n")
    #expect(RedisColumn("a.b", .strings).field == "_x_a_2eb__s")
  }

  @Test func stringsThatTheEngineWouldChangeAreHashed() {
    for plain: ByteString in ["en", "New York", "a,b", "x|y", "{z}", "\\", "é", "a\tb", "a\u{1}b"] {
      #expect(RedisTag.tag(plain) == plain)
    }
    let hashed: [ByteString] = [
      "", " a", "a ", "\ta", "a\n", "~", "~x", "a\u{1f}b", ByteString([0x61, 0, 0x62]),
      ByteString([UInt8](repeating: 0x61, count: 1001)),
    ]
    for value in hashed {
      let tag = RedisTag.tag(value)
      #expect(tag.count == 65 && tag.bytes.first == UInt8(ascii: "~"), "\(value.text)")
    }
    #expect(Set(hashed.map { RedisTag.tag($0) }).count == hashed.count)
    #expect(RedisTag.namespace("") == "~" && RedisTag.namespace("~") != "~")
  }

  @Test func recordsBecomeTwoCommands() throws {
    let index = testIndex([:])
    let writer = RedisRecordWriter(index, "t")
    let metadata = try MetadataBatch.parse(
      blob: #"{"lang":"en","tags":["a","~b"],"n":1.5,"ok":true}"#)
    var commands = RedisCommands()
    let isWritten = [UInt8](repeating: 1, count: 8).withUnsafeBytes { vector in
      metadata.withEntry(0) { entry in
        writer.note(entry)
        ByteString("idno").bytes.withUnsafeBytes { bytes in
          [UInt64(0), 2, 4].withUnsafeBufferPointer { offsets in
            let ids = PackedStrings(bytes: bytes.baseAddress, offsets: offsets.baseAddress, count: 2)
            writer.delete(ids, [0, 1], to: &commands)
          }
        }
        return ByteString("id").bytes.withUnsafeBytes { id in
          writer.write(id: id, vector: vector, metadata: entry, to: &commands)
        }
      }
    }
    #expect(isWritten && commands.count == 2)
    var words: [[String]] = []
    // Commands have the form of replies.
    try readReplies(String(decoding: commands.bytes.elements, as: UTF8.self)) { reply in
      words.append(reply.elements.map { String(decoding: $0.bytes ?? .init(start: nil, count: 0), as: UTF8.self) })
    }
    #expect(words[0] == ["DEL", "p:\u{1f}1:tid", "p:\u{1f}1:tno"])
    let hash = String(decoding: RedisTag.tag("~b").bytes, as: UTF8.self)
    #expect(
      words[1] == [
        "HSET", "p:\u{1f}1:tid", "vec", "\u{1}\u{1}\u{1}\u{1}\u{1}\u{1}\u{1}\u{1}", "_vdb_ns", "t", "_vdb_meta",
        #"{"lang":"en","tags":["a","~b"],"n":1.5,"ok":true}"#, "lang__s", "en\u{1f}~", "tags__s",
        "a\u{1f}\(hash)\u{1f}~",
        "n__n", "1.5", "ok__b", "true",
      ])
    #expect(Set(writer.columns.map(\.field)) == ["lang__s", "tags__s", "n__n", "ok__b"])
  }
}

extension MetadataBatch {
  /// The metadata of one record from its JSON.
  static func parse(blob: String) throws(VectorError) -> MetadataBatch {
    try withBytes(of: ByteString(blob)) { (bytes) throws(VectorError) in try parse(blob: bytes) }
  }
}

/// An index of ours over two dimensions with some fields.
func testIndex(_ fields: [ByteString: RedisField.Kind], isOurs: Bool = true) -> RedisIndex {
  RedisIndex(
    keys: RedisKeys(prefix: "p:", hasNamespaces: isOurs), shape: CollectionShape(dimensions: 2, metric: .l2),
    algorithm: .flat, vectorField: "vec", vectorIdentifier: "vec",
    fields: Dictionary(
      uniqueKeysWithValues: fields.map { ($0.key, RedisField(identifier: $0.key, kind: $0.value, separator: 0x1f)) }),
    failures: 0)
}
