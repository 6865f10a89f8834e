import Support
import Testing

@testable import VectorModel

@Suite struct JSONWriterTests {
  private func written(_ body: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter()
    body(&writer)
    #expect(!writer.failed)
    return writer.text
  }

  @Test func placesCommas() {
    let text = written { writer in
      writer.beginObject()
      writer.key("a")
      writer.beginArray()
      writer.number(1)
      writer.null()
      writer.beginObject()
      writer.endObject()
      writer.endArray()
      writer.key("b")
      writer.bool(false)
      writer.key("c")
      writer.string("x")
      writer.endObject()
    }
    #expect(text == #"{"a":[1,null,{}],"b":false,"c":"x"}"#)
  }

  @Test func escapes() throws {
    let nasty = "\"\\\u{0}\u{1}\u{8}\t\n\r\u{1f}\u{7f}é😀/"
    let text = written { $0.string(nasty) }
    #expect(text == #""\"\\\u0000\u0001\u0008\t\n\r\u001f\#u{7f}é😀/""#)
    #expect(try document(text).root.string == ByteString(nasty))
  }

  @Test(arguments: [
    (5.0, "5"), (-0.0, "0"), (0.1, "0.1"), (1e300, "1e+300"), (9007199254740992, "9007199254740992"),
    (9007199254740994, "9.007199254740994e+15"), (-1e20, "-1e+20"), (.nan, "null"), (.infinity, "null"),
    (5e-324, "5e-324"),
    (123456.789, "123456.789"), (-3, "-3"), (1e-7, "1e-07"), (1e15, "1000000000000000"),
  ])
  func writesNumbers(value: Double, expected: String) {
    #expect(written { $0.number(value) } == expected)
  }

  @Test func numbersReadBackAsTheSame() throws {
    var random = SeededGenerator(seed: 11)
    for _ in 0..<20_000 {
      let value = Double(bitPattern: random.next())
      guard value.isFinite else { continue }
      let text = written { $0.number(value) }
      let read = try document(text).root
      #expect(read.double == value)
      #expect(!read.isInexactInteger)
    }
  }

  @Test func integersKeepAllDigits() {
    #expect(written { $0.integer(UInt64.max) } == "18446744073709551615")
    #expect(written { $0.integer(Int64.min) } == "-9223372036854775808")
  }
}
