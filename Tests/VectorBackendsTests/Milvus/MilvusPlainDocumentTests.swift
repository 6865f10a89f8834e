import Support
import Testing

@testable import VectorBackends
@testable import VectorModel

/// The quick look at documents: what it calls plain is plain.
@Suite struct MilvusPlainDocumentTests {
  private func isPlain(_ document: [UInt8]) -> Bool {
    Array("_vdb".utf8).withUnsafeBytes { prefix in
      document.withUnsafeBytes { MilvusPlainDocument.isPlain($0, withoutKeysOn: prefix) }
    }
  }

  private static let plain = [
    "{}", " { } ", #"{"a":1}"#, #"{"a":-0.5,"b":"text","c":true,"d":false,"e":null,"f":[],"g":["x", 1, null]}"#,
    "\t{\r\n\"a\" : [ \"b\" , 0 ] , \"c\":10}\n", #"{"t":"a \"quote\" \\ \n \/"}"#, #"{"é":"ñ"}"#, #"{"":""}"#,
    #"{"_vd":1,"vdb_":2,"a_vdb":3,"t":"_vdb"}"#, #"{"a":1,"a":2}"#, #"{"n":0.0001}"#,
  ]

  @Test(arguments: plain) func plainDocuments(_ document: String) {
    #expect(isPlain(Array(document.utf8)))
  }

  @Test(
    arguments: [
      "", " ", "[]", "1", "{", "}", "{}}", "{} x", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{,"a":1}"#, #"{"a":1 "b":2}"#,
      #"{"a":[1,]}"#, #"{"a":[,1]}"#, #"{"a":[1 2]}"#, #"{"a":[1}"#, #"{"a":[[1]]}"#, #"{"a":{}}"#, #"{"a":01}"#,
      #"{"a":-}"#, #"{"a":.5}"#, #"{"a":1.}"#, #"{"a":+1}"#, #"{"a":1e5}"#, #"{"a":1x}"#, #"{"a":tru}"#, #"{"a":nulL}"#,
      #"{"a":truex}"#, #"{a:1}"#, #"{'a':1}"#, #"{"a":"b}"#, #"{"a":"\"#, #"{"a":"\x"}"#, #"{"a":"\u0041"}"#,
      #"{"\n":1}"#, #"{"\u005fvdb":1}"#, #"{"_vdb":1}"#, #"{"_vdb_ns":"x"}"#, #"{"a":1,"_vdb_bools":["a"]}"#,
      "{\"a\":\"\u{1}\"}", "{\"a\":\"\n\"}", "{\"a\"\0:1}", "{\"a\":1}\0", "\u{FEFF}{}", #"{"a":NaN}"#,
    ])
  func theRest(_ document: String) {
    #expect(!isPlain(Array(document.utf8)))
  }

  @Test func textMustBeUTF8AndNumbersFinite() {
    #expect(!isPlain(Array("{\"a\":\"".utf8) + [0xC3] + Array("\"}".utf8)))
    #expect(!isPlain(Array("{\"".utf8) + [0xED, 0xA0, 0x80] + Array("\":1}".utf8)))
    #expect(isPlain(Array("{\"a\":\(String(repeating: "9", count: 300))}".utf8)))
    #expect(!isPlain(Array("{\"a\":\(String(repeating: "9", count: 310))}".utf8)))
    #expect(!isPlain(Array("{\"a\":\"\(String(repeating: "x", count: 70_000))\"}".utf8)))
  }

  /// Whatever happens to a document: if it is called plain, the parser reads it, as an object without a reserved key.
  @Test func theParserAgrees() {
    let alphabet = Array("{}[]\":,\\_vdb_ntrue01-.eE \u{1}\0é/u".utf8)
    var generator = SystemRandomNumberGenerator()
    var plain = 0
    for round in 0..<60_000 {
      var document = Array(Self.plain[round % Self.plain.count].utf8)
      for _ in 0...(round % 3) {
        let at = Int.random(in: 0..<document.count, using: &generator)
        let byte = round % 4 == 0 ? UInt8.random(in: 0...255) : alphabet[Int.random(in: 0..<alphabet.count)]
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: document[at] = byte
        case 1: document.insert(byte, at: at)
        default: if document.count > 1 { document.remove(at: at) }
        }
      }
      guard isPlain(document) else { continue }
      plain += 1
      let parsed = document.withUnsafeBytes { try? JSONDocument($0, what: "a document") }
      #expect(parsed?.root.kind == .object, "\(document)")
      #expect(parsed?.root.members.contains { $0.key.bytes.starts(with: Array("_vdb".utf8)) } == false, "\(document)")
    }
    #expect(plain > 1000)
  }
}
