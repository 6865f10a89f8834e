import Support
import Testing

@testable import VectorBackends

/// Protobuf as it lies on the wire, broken too.
@Suite struct ProtobufReaderTests {
  private func read(_ bytes: [UInt8]) throws(ProtobufReader.Defect) -> [String] {
    let buffer = ColumnBuffer<UInt8>()
    for byte in bytes { #expect(buffer.append(byte)) }
    defer { withExtendedLifetime(buffer) {} }
    var reader = ProtobufReader(UnsafeRawBufferPointer(buffer.elements))
    var found: [String] = []
    while let field = try reader.next() {
      switch field.value {
      case .number(let number): found.append("\(field.number): \(number)")
      case .bytes(let bytes): found.append("\(field.number): \(Array(bytes))")
      case .word(let bytes), .longWord(let bytes): found.append("\(field.number): fixed \(Array(bytes))")
      }
    }
    #expect(reader.isAtEnd)
    return found
  }

  @Test func fieldsOfEveryForm() throws {
    #expect(try read([]) == [])
    #expect(try read([0x08, 0x96, 0x01]) == ["1: 150"])
    #expect(try read([0x12, 0x00, 0x12, 0x02, 7, 8]) == ["2: []", "2: [7, 8]"])
    #expect(try read([0x1D, 1, 2, 3, 4]) == ["3: fixed [1, 2, 3, 4]"])
    #expect(try read([0x21, 1, 2, 3, 4, 5, 6, 7, 8]) == ["4: fixed [1, 2, 3, 4, 5, 6, 7, 8]"])
    // The largest number of a field, and a number of ten bytes: -1.
    #expect(try read([0xF8, 0xFF, 0xFF, 0xFF, 0x0F, 0]) == ["536870911: 0"])
    #expect(try read([0x08] + [UInt8](repeating: 0xFF, count: 9) + [1]) == ["1: \(UInt64.max)"])
    // A number may take more bytes than it needs, and bits beyond the 64th do not count.
    #expect(try read([0x88, 0x00, 0x81, 0x00]) == ["1: 1"])
    #expect(try read([0x08] + [UInt8](repeating: 0xFF, count: 9) + [0x7F]) == ["1: \(UInt64.max)"])
  }

  @Test(
    arguments: [
      [0x08], [0x08, 0x80], [0x80], [0x12], [0x12, 0x01], [0x12, 0x03, 1, 2], [0x1D, 1, 2, 3],
      [0x21, 1, 2, 3, 4, 5, 6, 7],
      // A field without a number, groups, forms that do not exist, a tag and a number that are too long.
      [0x02, 0x00], [0x0B, 0x0C], [0x0C], [0x0E, 0], [0x0F, 0], [0x88, 0x80, 0x80, 0x80, 0x10, 0],
      [0x08] + [UInt8](repeating: 0x80, count: 10) + [0],
      // Lengths beyond all memory.
      [0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 1],
      [0x12] + [UInt8](repeating: 0xFF, count: 9) + [1, 1],
    ] as [[UInt8]])
  func whatIsNoMessage(_ bytes: [UInt8]) {
    #expect(throws: ProtobufReader.Defect.malformed) { try read(bytes) }
  }

  @Test func elementsComeInOnePieceOrInMany() throws {
    let bytes = (0..<12).map { UInt8($0) }
    try bytes.withUnsafeBytes { bytes in
      func piece(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[range]) }
      var words = ProtobufWords()
      #expect(words.byteCount == 0 && words.base == nil)
      try words.add(.bytes(piece(0..<8)))
      #expect(words.byteCount == 8 && words.base == bytes.baseAddress)
      try words.add(.bytes(piece(0..<0)))
      try words.add(.word(piece(8..<12)))
      try words.add(.number(1))
      #expect(words.byteCount == 12)
      let base = try #require(words.base)
      #expect(Array(UnsafeRawBufferPointer(start: base, count: 12)) == Array(bytes))
      #expect(throws: ProtobufReader.Defect.malformed) { try words.add(.bytes(piece(0..<6))) }
    }
  }

  @Test func lengthsAreForeseen() {
    for number in [0, 1, 127, 128, 16_383, 16_384, 1 << 32, .max] as [UInt64] {
      let buffer = ColumnBuffer<UInt8>()
      #expect(buffer.append(varint: 8) && buffer.append(varint: number))
      #expect(ProtobufSize.field(number: number) == buffer.count)
    }
    for count in [0, 1, 127, 128, 300, 20_000] {
      let buffer = ColumnBuffer<UInt8>()
      let bytes = [UInt8](repeating: 1, count: count)
      #expect(bytes.withUnsafeBytes { buffer.append(field: 3, bytes: $0) })
      #expect(ProtobufSize.field(bytes: count) == buffer.count)
    }
  }
}
