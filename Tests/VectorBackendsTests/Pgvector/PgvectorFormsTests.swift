import Support
import Testing
import VectorModel

@testable import VectorBackends

@Suite struct PgvectorFormsTests {
  private func metadata(_ text: String) -> String {
    let output = ColumnBuffer<UInt8>()
    var text = text
    let isAdded = text.withUTF8 { PgvectorMetadata.append(UnsafeRawBufferPointer($0), to: output) }
    #expect(isAdded)
    return withExtendedLifetime(output) { String(decoding: output.elements, as: UTF8.self) }
  }

  @Test(arguments: [
    (#"{"a": 5.0, "b": [1.50, -0.0]}"#, #"{"a":5,"b":[1.5,0]}"#),
    ("{\"a\": 1\(String(repeating: "0", count: 300))}", "{\"a\":1e300}"),
    (#"{"a": 9007199254740993}"#, #"{"a":9007199254740993}"#),
    (#"{"a": 9007199254740992}"#, #"{"a":9007199254740992}"#),
    (#"{"a b": "5.0 \" 6.0\\", "c": true}"#, #"{"a b":"5.0 \" 6.0\\","c":true}"#), ("{}", "{}"),
    (#"{"a": "x\"#, #"{"a":"x\"#),
    (#"{"a": 0.1}"#, #"{"a":0.1}"#), ("", ""),
  ])
  func numbersAreToldAsTheyWereWritten(stored: String, told: String) {
    #expect(metadata(stored) == told || metadata(stored) == told.split(separator: "e").joined(separator: "e+"))
  }

  @Test(arguments: [
    (PgvectorIDType.bigint, "0", true), (.bigint, "-5", true), (.bigint, "9223372036854775807", true),
    (.bigint, "9223372036854775808", false), (.bigint, "05", false), (.bigint, "+5", false), (.bigint, "-0", false),
    (.bigint, "5 ", false), (.bigint, "", false), (.uuid, "6169363d-e81d-5a08-97b9-8163aefc3d3f", true),
    (.uuid, "6169363D-E81D-5A08-97B9-8163AEFC3D3F", false), (.uuid, "6169363de81d5a0897b98163aefc3d3f", false),
    (.uuid, "6169363d-e81d-5a08-97b9-8163aefc3d3g", false), (.text, "anything", true),
  ])
  func anIDHasOneForm(type: PgvectorIDType, id: String, isHeld: Bool) {
    #expect(Array(id.utf8).withUnsafeBytes { type.holds($0) } == isHeld)
  }

  @Test(arguments: [1, 7, 8, 9, 19])
  func aVectorIsItsFloatsAsNetworksOrderThem(dimensions: Int) throws {
    let floats = (0..<dimensions).map { Float($0) * 1.1 - 3 }
    let bytes = ColumnBuffer<UInt8>()
    #expect(floats.withUnsafeBytes { $0.baseAddress.map { bytes.append(vector: $0, dimensions: dimensions) } } == true)
    var expected: [UInt8] = [0, UInt8(dimensions), 0, 0]
    for float in floats { withUnsafeBytes(of: float.bitPattern.bigEndian) { expected += $0 } }
    withExtendedLifetime(bytes) { #expect(Array(bytes.elements) == expected) }
    let back = ColumnBuffer<Float>()
    try withExtendedLifetime(bytes) {
      try back.append(vector: UnsafeRawBufferPointer(bytes.elements), dimensions: dimensions)
    }
    withExtendedLifetime(back) { #expect(Array(back.elements) == floats) }
  }

  @Test func theTextOfAFormIsMadeOnceWhileItIsRemembered() {
    let texts = PgvectorSearchTexts()
    var made = 0
    func text(_ fetched: Int) -> ByteString {
      let form = PgvectorSearchTexts.Form(fetched: fetched, include: 1, isExact: false, isSelective: true)
      return texts.text(form) {
        made += 1
        return ByteString("\(fetched)")
      }
    }
    #expect(text(1) == "1" && text(2) == "2" && text(1) == "1")
    #expect(made == 2)
    for fetched in 1...1000 { #expect(text(fetched) == ByteString("\(fetched)")) }
  }

  @Test func aPageTokenLeadsBackToItsID() throws {
    let id = Array("é\"x".utf8)
    let token = id.withUnsafeBytes { PgvectorPageToken.write($0) }
    #expect(try PgvectorPageToken.read(token, .text).bytes == id)
    for foreign in ["", "1", "2c3a9", "1c", "1zz", "100", "1C3A9"] {
      let error = #expect(throws: VectorError.self) { _ = try PgvectorPageToken.read(Array(foreign.utf8), .text) }
      #expect(error?.status == .invalidArgument)
    }
    #expect(throws: VectorError.self) { _ = try PgvectorPageToken.read(token, .bigint) }
  }

  @Test func anIndexIsMadeForWhatTheServerCanIndex() throws {
    let old = PgvectorExtension(schema: "\"public\"", major: 0, minor: 6, vectorType: 1)
    let new = PgvectorExtension(schema: "\"public\"", major: 0, minor: 8, vectorType: 1)
    func statement(_ kind: IndexSpec.Kind, _ dimensions: Int, _ pgvector: PgvectorExtension) throws -> String? {
      let creation = PgvectorCreation(
        settings: PgvectorSettings(table: "t"), shape: CollectionShape(dimensions: dimensions, metric: .l2),
        pgvector: pgvector, table: "t")
      return try creation.statement(IndexSpec(kind, m: kind == .hnsw ? 8 : nil), "\"v\"", concurrently: true)
    }
    #expect(
      try statement(.hnsw, 2000, new)
        == "CREATE INDEX CONCURRENTLY ON t USING hnsw (\"v\" \"public\".vector_l2_ops) WITH (m = 8)")
    #expect(try statement(.auto, 2001, new)?.contains("\"public\".halfvec(2001)") == true)
    #expect(try statement(.auto, 4001, new) == nil && statement(.auto, 2001, old) == nil)
    #expect(throws: VectorError.self) { _ = try statement(.hnsw, 4001, new) }
    #expect(throws: VectorError.self) { _ = try statement(.ivf, 2001, old) }
    #expect(try statement(.flat, 3, new) == nil)
  }
}
