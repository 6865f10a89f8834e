import Support
import Testing

@testable import VectorBackends
@testable import VectorModel

/// What goes into requests: numbers that come back as they were, and records in both forms of vectors.
@Suite struct ChromaBodiesTests {
  private func text(_ body: HTTPRowBody) -> String {
    var bytes = [UInt8](repeating: 0, count: body.count)
    #expect(bytes.withUnsafeMutableBytes { body.read(into: $0) } == body.count)
    return String(decoding: bytes, as: UTF8.self)
  }

  private func queryText(_ floats: [Float]) throws -> String {
    try floats.withUnsafeBytes { bytes in
      let rows = VectorRows(
        base: bytes.baseAddress, count: 1, dimensions: floats.count, strideBytes: floats.count * 4)
      let body = try ChromaBodies.query(rows, 0..<1, k: 3, filter: .everything, include: [])
      defer { withExtendedLifetime(body) {} }
      return String(decoding: body.elements, as: UTF8.self)
    }
  }

  @Test func everyFloatReadsBackAsItself() throws {
    var floats: [Float] = [
      0, -0.0, 1, -1, 0.1, -0.1, 0.01, 0.25, 0.5, 0.9999, 0.99990004, 1e-4, 9.999999e-5, 1e-45, 3.4028235e38,
      16_777_216,
    ]
    for power in 1...14 {
      let tenth = Float("1e-\(power)") ?? 0
      floats += [tenth, -tenth, tenth.nextUp, tenth.nextDown]
    }
    var state: UInt32 = 1
    for _ in 0..<20_000 {
      state = state &* 1_664_525 &+ 1_013_904_223
      floats.append((Float(state >> 8) / 16_777_216 - 0.5) * (state & 1 == 0 ? 1 : 0.02))
    }
    let text = try queryText(floats)
    let list = text.drop { $0 != "[" }.dropFirst(2).prefix { $0 != "]" }
    let read = list.split(separator: ",").map { (Float($0), Double($0).map { Float($0) }) }
    #expect(read.count == floats.count)
    for (wanted, found) in zip(floats, read) {
      #expect(found.0 == wanted && found.1 == wanted, "\(wanted)")
    }
    #expect(list.split(separator: ",").allSatisfy { $0.utf8.count <= 16 })
  }

  @Test(arguments: [true, false]) func recordsGoInColumns(_ base64: Bool) throws {
    let floats: [Float] = [1, -2, 0.25, 0.5]
    let metadata = try Array(#"[{"k":"v"},null]"#.utf8).withUnsafeBytes {
      try MetadataBatch.parse(json: $0, count: 2, patches: false)
    }
    let (ids, offsets) = (Array("ab".utf8), [UInt64](0...2))
    try floats.withUnsafeBytes { floats in
      try ids.withUnsafeBytes { ids in
        try offsets.withUnsafeBufferPointer { offsets in
          let batch = RecordBatch(
            ids: PackedStrings(bytes: ids.baseAddress, offsets: try #require(offsets.baseAddress), count: 2),
            vectors: VectorRows(base: floats.baseAddress, count: 2, dimensions: 2, strideBytes: 8), metadata: metadata,
            selection: nil)
          let body = try ChromaBodies.upsert(
            batch, [0, 1], stored: ["a", "b"], namespace: "", old: ["b": ["gone"]], lists: .fields, base64: base64)
          let vectors = base64 ? #"[ "AACAPwAAAMA=","AACAPgAAAD8="]"# : "[[1,-2],[0.25,0.5]]"
          #expect(text(body) == #"{"ids":["a","b"],"metadatas":[{"k":"v"},{"gone":null}],"embeddings":\#(vectors)}"#)
        }
      }
    }
  }
}
