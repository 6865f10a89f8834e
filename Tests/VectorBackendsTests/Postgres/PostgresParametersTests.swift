import Support
import Testing
import VectorModel

@testable import VectorBackends

@Suite struct PostgresParametersTests {
  @Test func anArrayOfTextsHasTheFormOfTheServer() {
    var parameters = PostgresParameters()
    let texts = ["a", nil, ""]
    // One byte more than there is, so that an empty text has an address.
    let memory = texts.map { text in
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: (text?.utf8.count ?? 0) + 1, alignment: 1)
      copy.copyBytes(from: Array((text ?? "").utf8))
      return copy
    }
    defer { for each in memory { each.deallocate() } }
    parameters.textArray(3) { place in
      texts[place].map { UnsafeRawBufferPointer(rebasing: memory[place].prefix($0.utf8.count)) }
    }
    let expected: [UInt8] =
      [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 3, 0, 0, 0, 1]
      + [0, 0, 0, 1, 0x61] + [0xff, 0xff, 0xff, 0xff] + [0, 0, 0, 0]
    #expect(Array(parameters.bytes.elements) == expected)
  }

  @Test func noValueIsAnEmptyArrayWithoutADimension() {
    var parameters = PostgresParameters()
    parameters.textArray(0) { _ in nil }
    #expect(Array(parameters.bytes.elements) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25])
  }

  @Test func emptyIsNotNull() {
    var parameters = PostgresParameters()
    parameters.text(ByteString([]))
    parameters.null(PostgresParameters.TypeNumber.text)
    parameters.integer(-2)
    let seen = parameters.withArrays { types, values, lengths, formats in
      guard let types, let values, let lengths, let formats else { return [] as [String] }
      return (0..<3).map { "\(types[$0]) \(values[$0] == nil) \(lengths[$0]) \(formats[$0])" }
    }
    #expect(seen == ["25 false 0 1", "25 true 0 1", "20 false 8 1"])
    #expect(Array(parameters.bytes.elements) == [255, 255, 255, 255, 255, 255, 255, 254])
  }

  @Test func vectorsGoOutAndComeBackBitByBit() throws {
    for dimensions in [1, 7, 8, 9, 384] {
      let row = (0..<dimensions).map { Float(bitPattern: UInt32(truncatingIfNeeded: $0 &* 0x9e37_79b9) & 0x7f7f_ffff) }
      let sent = ColumnBuffer<UInt8>()
      let isSent = row.withUnsafeBytes { sent.append(vector: $0.baseAddress!, dimensions: dimensions) }
      #expect(isSent && sent.count == 4 + 4 * dimensions)
      let back = ColumnBuffer<Float>()
      try back.append(vector: UnsafeRawBufferPointer(sent.elements), dimensions: dimensions)
      #expect(Array(back.elements) == row)
      #expect(sent.elements[4] == UInt8(row[0].bitPattern >> 24))
      withExtendedLifetime(sent) {}
    }
  }

  @Test(
    arguments: [[], [0, 2], [0, 2, 0, 0], [0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [0, 2, 0, 0, 0, 0, 0, 0]] as [[UInt8]])
  func whatIsNoVectorOfThatManyDimensionsIsRefused(bytes: [UInt8]) {
    let error = #expect(throws: VectorError.self) {
      try bytes.withUnsafeBytes { try ColumnBuffer<Float>().append(vector: $0, dimensions: 2) }
    }
    #expect(error?.status == .protocolViolation)
  }

  @Test(arguments: [
    ("docs", "\"docs\""), ("a\"b", "\"a\"\"b\""), ("x\"; DROP TABLE y; --", "\"x\"\"; DROP TABLE y; --\""),
    ("é", "\"é\""),
  ])
  func namesAreQuoted(name: String, quoted: String) throws {
    #expect(try quotedIdentifier(ByteString(name), what: "it") == quoted)
  }

  @Test(arguments: ["", String(repeating: "x", count: 64), "a\0b"])
  func whatPostgresWouldCutOffIsNoName(name: String) {
    let error = #expect(throws: VectorError.self) { _ = try quotedIdentifier(ByteString(name), what: "it") }
    #expect(error?.status == .invalidOption)
  }
}
