import FoundationEssentials
import Resilience
import Support
import SwiftProtobuf
import Testing

@testable import VectorBackends
@testable import VectorModel

/// Rows that go out, and answers that come in, hostile ones too.
@Suite struct MilvusMessageTests {
  private var collection = MilvusCollection(
    shape: CollectionShape(dimensions: 2, metric: .cosine), index: .flat, isLite: false)

  private func encoded(_ json: String) throws -> MetadataBatch {
    try Array("[\(json)]".utf8).withUnsafeBytes { try MetadataBatch.parse(json: $0, count: 1, patches: false) }
  }

  /// The fields of a message with their numbers, one level deep.
  private func fields(_ bytes: [UInt8]) -> [(number: Int, value: UInt64, bytes: [UInt8])] {
    var rest = bytes[...]
    func varint() -> UInt64 {
      var (value, shift) = (UInt64(0), UInt64(0))
      while let byte = rest.popFirst() {
        value |= UInt64(byte & 0x7f) << shift
        shift += 7
        if byte < 0x80 { break }
      }
      return value
    }
    var found: [(number: Int, value: UInt64, bytes: [UInt8])] = []
    while !rest.isEmpty {
      let tag = varint()
      let value = varint()
      if tag & 7 == 2 {
        found.append((Int(tag >> 3), value, Array(rest.prefix(Int(value)))))
        rest = rest.dropFirst(Int(value))
      } else {
        found.append((Int(tag >> 3), value, []))
      }
    }
    return found
  }

  private func message(_ rows: MilvusRows) throws -> [(number: Int, value: UInt64, bytes: [UInt8])] {
    var settings = MilvusSettings(collection: "docs")
    settings.database = "db"
    let frame = try rows.frame(settings)
    var bytes = [UInt8](repeating: 0, count: frame.count)
    let written = bytes.withUnsafeMutableBytes { frame.read(into: $0) }
    #expect(written == frame.count)
    return fields(try bytes.withUnsafeBytes { Array(try GRPCFrame.message(of: $0)) })
  }

  private func add(_ id: String, _ vector: [Float], _ json: String, to rows: inout MilvusRows) throws {
    let metadata = try encoded(json)
    let entry = metadata.withEntry(0) { Array($0) }
    let id = Array(id.utf8)
    let floats = ColumnBuffer<Float>()
    for number in vector { #expect(floats.append(number)) }
    let base = try #require(floats.base)
    try id.withUnsafeBytes { id in
      try entry.withUnsafeBytes { entry in
        try rows.append(id: id, vector: UnsafeRawPointer(base), owner: floats, entry: entry)
      }
    }
  }

  @Test func rowsBecomeColumns() throws {
    var rows = MilvusRows(collection, MilvusPlace("t"))
    try add("a", [1, 2], #"{"k": "v", "b": true}"#, to: &rows)
    try add(String(repeating: "é", count: 200), [-3, 0.5], "{}", to: &rows)
    let sent = try message(rows)
    #expect(sent.first { $0.number == 2 }?.bytes == Array("db".utf8))
    #expect(sent.first { $0.number == 3 }?.bytes == Array("docs".utf8))
    #expect(sent.first { $0.number == 4 }?.bytes == Array("ns_t".utf8))
    #expect(sent.first { $0.number == 7 }?.value == 2)
    let columns = try sent.filter { $0.number == 5 }.map { try MilvusWireFieldData(serializedBytes: $0.bytes) }
    #expect(columns.map(\.fieldName) == ["id", "metadata", "vector"])
    #expect(columns.map(\.type) == [21, 23, 101])
    #expect(columns[0].scalars.stringData.data == ["_vdb_ns_t:a", "_vdb_ns_t:" + String(repeating: "é", count: 200)])
    #expect(columns[2].vectors.dim == 2)
    #expect(columns[2].vectors.floatVector.data == [1, 2, -3, 0.5])
    let documents = columns[1].scalars.jsonData.data.map { String(decoding: $0, as: UTF8.self) }
    #expect(documents == [#"{"k":"v","b":true}"#, "{}"])
  }

  /// Milvus Lite cannot tell true from 1, and a digest does not tell its namespace.
  @Test func documentsSayWhatTheServerCannot() throws {
    collectionOfLite { lite in
      let long = ByteString(String(repeating: "/", count: 255))
      for (place, json, stored) in [
        (MilvusPlace(""), #"{"a":1,"b":true,"c":false}"#, #"{"a":1,"b":true,"c":false,"_vdb_bools":["b","c"]}"#),
        (MilvusPlace(""), #"{"a":1}"#, #"{"a":1}"#),
        (MilvusPlace(long), "{}", #"{"_vdb_ns":"\#(long.text)"}"#),
      ] {
        var rows = MilvusRows(lite, place)
        #expect(throws: Never.self) {
          try add("x", [1, 2], json, to: &rows)
          let column = try MilvusWireFieldData(serializedBytes: try message(rows).filter { $0.number == 5 }[1].bytes)
          #expect(column.scalars.jsonData.data.map { String(decoding: $0, as: UTF8.self) } == [stored])
          let visible = ColumnBuffer<UInt8>()
          try Array(stored.utf8).withUnsafeBytes { try MilvusMetadata.appendVisible($0, to: visible) }
          #expect(String(decoding: Array(visible.elements), as: UTF8.self) == json)
        }
      }
    }
  }

  private func collectionOfLite(_ body: (MilvusCollection) -> Void) {
    var lite = collection
    lite.isLite = true
    body(lite)
  }

  /// Milvus would refuse the whole message; Milvus Lite takes it.
  @Test func aDocumentThatMilvusRefusesIsNotSent() throws {
    let long = #"{"t":"\#(String(repeating: "x", count: 66_000))"}"#
    var rows = MilvusRows(collection, MilvusPlace(""))
    #expect(throws: VectorError.self) { try add("a", [1, 2], long, to: &rows) }
    collectionOfLite { lite in
      var rows = MilvusRows(lite, MilvusPlace(""))
      #expect(throws: Never.self) { try add("a", [1, 2], long, to: &rows) }
    }
  }

  // MARK: - Answers

  @Test func metadataOfAServerIsReadWithCare() throws {
    func visible(_ document: String) throws -> String {
      let output = ColumnBuffer<UInt8>()
      try Array(document.utf8).withUnsafeBytes { try MilvusMetadata.appendVisible($0, to: output) }
      return String(decoding: Array(output.elements), as: UTF8.self)
    }
    #expect(try visible("") == "{}")
    #expect(try visible(#"{"a": {"b": [1, null]}}"#) == #"{"a": {"b": [1, null]}}"#)
    #expect(try visible(#"{"a": {"b": [1, null]}, "_vdb_ns": "x"}"#) == #"{"a":{"b":[1,null]}}"#)
    for broken in ["[]", "1", "{", "nix", "{\"a\": \u{1}}"] {
      #expect(throws: VectorError.self) { try visible(broken) }
    }
  }

  @Test(
    arguments: [
      (0, 100, AttemptFailure.Kind.refused, Status.notFound), (4, 0, .refused, .notFound),
      (0, 8, .throttled, .throttled),
      (49, 0, .throttled, .throttled), (0, 1100, .refused, .invalidArgument), (56, 1, .unavailable, .unavailable),
      (1, 1, .refused, .backend), (1, 65_535, .refused, .backend), (0, 1400, .refused, .unauthenticated),
      (0, 1401, .refused, .permissionDenied), (1000, 0, .conflicted, .conflict), (101, 101, .refused, .unavailable),
      (6, 6, .refused, .invalidArgument), (1, 103, .unavailable, .unavailable),
    ] as [(Int32, Int32, AttemptFailure.Kind, Status)])
  func codesSayWhatToDo(_ old: Int32, _ new: Int32, _ kind: AttemptFailure.Kind, _ status: Status) throws {
    var answer = MilvusProtoStatus()
    (answer.errorCode, answer.code, answer.reason) = (old, new, "why \"not\"")
    let failure = try #require(answer.failure(.upsert))
    #expect(failure.kind == kind)
    #expect(failure.error.status == status)
    #expect(failure.error.message == #"Milvus refuses Upsert: "why \"not\"""#)
  }

  @Test func whatMilvusCallsDistanceIsConverted() {
    #expect(Metric.cosine.distance(milvus: 1.000_000_1) == 0)
    #expect(Metric.cosine.distance(milvus: -1.5) == 2)
    #expect(Metric.cosine.distance(milvus: 0.25) == 0.75)
    #expect(Metric.l2.distance(milvus: 9) == 3)
    #expect(Metric.l2.distance(milvus: -1e-9) == 0)
    #expect(Metric.dot.distance(milvus: 3) == -3)
    #expect(Metric.l2.distance(milvus: .nan) == nil)
  }

  @Test func collectionsOfOthersAreTakenByTheirTypes() throws {
    var schema = MilvusCollection.schema("c", dimensions: 3)
    let settings = MilvusSettings(collection: "c")
    #expect(try MilvusCollection.fields(schema, settings).isOurs)
    schema.fields[1].name = "emb"
    let found = try MilvusCollection.fields(schema, settings)
    #expect(!found.isOurs)
    #expect((found.id, found.vector, found.metadata, found.dimensions) == ("id", "emb", "metadata", 3))
    schema.fields[1].typeParams = [.init("dim", "99999999999999999999")]
    #expect(throws: VectorError.self) { try MilvusCollection.fields(schema, settings) }
    schema.fields[1].typeParams = [.init("dim", "3")]
    schema.fields.removeLast()
    #expect(throws: VectorError.self) { try MilvusCollection.fields(schema, settings) }
    schema.enableDynamicField = true
    #expect(try MilvusCollection.fields(schema, settings).metadata == "$meta")
    schema.fields[0].dataType = 5
    #expect(throws: VectorError.self) { try MilvusCollection.fields(schema, settings) }
  }

  @Test func credentialsAreBase64() {
    #expect(MilvusSettings.authorization(token: "root:Milvus") == "cm9vdDpNaWx2dXM=")
    #expect(MilvusSettings.authorization(token: "ab") == "YWI=")
    #expect(MilvusSettings.authorization(token: "a") == "YQ==")
    #expect(MilvusSettings.authorization(token: "abc") == "YWJj")
  }
}
