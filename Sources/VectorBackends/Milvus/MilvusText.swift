import Support
import VectorModel

/// Text of an expression in Milvus' filter language. Strings are only ever added as literals, whose every byte is escaped.
struct MilvusText {
  private(set) var bytes: [UInt8] = []

  /// Adds parts of the language, which hold nothing from outside but names of fields that were checked.
  mutating func add(_ language: String) { bytes += Array(language.utf8) }

  mutating func add(_ other: [UInt8]) { bytes += other }

  /// Adds a part of the language, a literal, and so on in turn.
  mutating func add(
    _ first: String, _ literal: [UInt8], _ second: String, _ other: [UInt8]? = nil, _ third: String = ""
  ) {
    add(first)
    add(literal: literal)
    add(second)
    if let other {
      add(literal: other)
      add(third)
    }
  }

  /// A string literal. Every server knows these escapes and takes all other bytes as they are, control characters too.
  mutating func add(literal text: some Collection<UInt8>) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0x09: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "t")]
      case 0x0A: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
      case 0x0D: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "r")]
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// A metadata key as a literal: Milvus compares it with the text of the stored document, escapes included, so it is escaped as
  /// `JSONWriter` escapes it. Milvus Lite, which reads documents, knows fewer escapes.
  mutating func add(key: ByteString, isLite: Bool) {
    if isLite { return add(literal: key.bytes) }
    var json = JSONWriter()
    json.string(key)
    bytes += Array(json.output.elements)
    withExtendedLifetime(json.output) {}
  }

  /// A number, always with a point or an exponent: servers read integers into 64 bits and refuse larger ones.
  mutating func add(number: Double) { add("\(number)") }

  mutating func add(_ scalar: MetadataScalar) {
    switch scalar {
    case .string(let text): add(literal: text.bytes)
    case .number(let number): add(number: number)
    case .bool(let bool): add(bool ? "true" : "false")
    }
  }

  /// A list of literals in brackets.
  mutating func addList(_ literals: some Sequence<[UInt8]>) {
    add("[")
    var isFirst = true
    for literal in literals {
      if !isFirst { add(",") }
      isFirst = false
      add(literal: literal)
    }
    add("]")
  }
}
