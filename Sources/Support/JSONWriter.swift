import CSupport

/// Appends JSON text to a buffer, commas included.
///
/// Numbers are written in the fewest digits that read back as the same double: 5.0 as `5`, -0.0 as `0`, a value that is
/// not finite as `null`. Out of memory is remembered, not raised: ask `failed` once at the end. Texts must be UTF-8.
package struct JSONWriter {
  package let output: ColumnBuffer<UInt8>
  /// Whether the machine had no memory for a part; what is in `output` is then useless.
  package private(set) var failed = false
  private var needsComma = false

  package init(_ output: ColumnBuffer<UInt8> = ColumnBuffer()) { self.output = output }

  package mutating func beginObject() { begin(0x7B) }
  package mutating func endObject() { end(0x7D) }
  package mutating func beginArray() { begin(0x5B) }
  package mutating func endArray() { end(0x5D) }

  /// The key of the value that follows.
  package mutating func key(_ key: UnsafeRawBufferPointer) {
    if putPlain(key, isKey: true) { return }
    string(key)
    put(0x3A)
    needsComma = false
  }

  /// The key of the value that follows.
  package mutating func key(_ key: String) {
    string(key)
    put(0x3A)
    needsComma = false
  }

  package mutating func string(_ bytes: UnsafeRawBufferPointer) {
    if putPlain(bytes, isKey: false) { return }
    separate()
    put(0x22)
    putEscaped(bytes)
    put(0x22)
  }

  package mutating func string(_ text: String) {
    var copy = text
    copy.withUTF8 { string(UnsafeRawBufferPointer($0)) }
  }

  package mutating func string(_ text: ByteString) {
    text.bytes.withUnsafeBytes { string($0) }
  }

  package mutating func number(_ value: Double) {
    separate()
    guard output.reserve(32), let start = output.extend(by: 32) else { return failed = true }
    let written = start.withMemoryRebound(to: CChar.self, capacity: 32) { vdb_json_format_number(value, $0) }
    output.truncate(to: output.count - 32 + written)
  }

  /// All digits of an integer, also beyond 2^53: counters and sizes.
  package mutating func integer(_ value: some BinaryInteger) { integer(digits: String(value)) }

  /// The same for the integers of documents, without a look at the type for each.
  package mutating func integer(_ value: Int64) { integer(digits: String(value)) }

  private mutating func integer(digits: String) {
    separate()
    var digits = digits
    digits.withUTF8 { put(UnsafeRawBufferPointer($0)) }
  }

  package mutating func bool(_ value: Bool) {
    separate()
    put(value ? "true" : "false")
  }

  package mutating func null() {
    separate()
    put("null")
  }

  /// A value that is JSON text already.
  package mutating func raw(_ json: UnsafeRawBufferPointer) {
    separate()
    put(json)
  }

  /// What has been written, as a String: for messages and tests.
  package var text: String { withExtendedLifetime(output) { String(decoding: output.elements, as: UTF8.self) } }

  /// Writes a text that needs no escape, as most do, at one go with its quotes and what is around them; false for another.
  private mutating func putPlain(_ bytes: UnsafeRawBufferPointer, isKey: Bool) -> Bool {
    guard let source = bytes.baseAddress, Self.plainPrefix(bytes) == bytes.count else { return false }
    let size = bytes.count + (needsComma ? 1 : 0) + (isKey ? 3 : 2)
    guard var target = output.extend(by: size) else {
      failed = true
      return true
    }
    if needsComma {
      target[0] = 0x2C
      target += 1
    }
    target[0] = 0x22
    UnsafeMutableRawPointer(target + 1).copyMemory(from: source, byteCount: bytes.count)
    target[bytes.count + 1] = 0x22
    if isKey { target[bytes.count + 2] = 0x3A }
    needsComma = !isKey
    return true
  }

  private mutating func begin(_ bracket: UInt8) {
    separate()
    put(bracket)
    needsComma = false
  }

  private mutating func end(_ bracket: UInt8) {
    put(bracket)
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { put(0x2C) }
    needsComma = true
  }

  private mutating func put(_ byte: UInt8) {
    if !output.append(byte) { failed = true }
  }

  private mutating func put(_ bytes: UnsafeRawBufferPointer) {
    if !output.append(bytes: bytes) { failed = true }
  }

  private mutating func put(_ text: StaticString) {
    text.withUTF8Buffer { put(UnsafeRawBufferPointer($0)) }
  }

  private mutating func putEscaped(_ bytes: UnsafeRawBufferPointer) {
    var rest = bytes
    while true {
      let plain = Self.plainPrefix(rest)
      put(UnsafeRawBufferPointer(rebasing: rest.prefix(plain)))
      guard plain < rest.count else { return }
      putEscape(rest[plain])
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(plain + 1))
    }
  }

  private mutating func putEscape(_ byte: UInt8) {
    put(0x5C)
    switch byte {
    case 0x22, 0x5C: put(byte)
    case 0x0A: put(0x6E)
    case 0x0D: put(0x72)
    case 0x09: put(0x74)
    default:
      put("u00")
      put(byte < 0x10 ? 0x30 : 0x31)
      let low = byte & 15
      put(low < 10 ? 0x30 + low : 0x57 + low)
    }
  }

  /// Length of the prefix that stands in JSON as it is. Eight bytes at a step: the usual trick of finding a byte in a
  /// word, for bytes below 0x20, for a quote and for a backslash.
  private static func plainPrefix(_ bytes: UnsafeRawBufferPointer) -> Int {
    var at = 0
    guard let base = bytes.baseAddress else { return 0 }
    let ones: UInt64 = 0x0101_0101_0101_0101
    while bytes.count - at >= 8 {
      let word = (base + at).loadUnaligned(as: UInt64.self)
      let quote = word ^ (ones &* 0x22)
      let backslash = word ^ (ones &* 0x5C)
      let found =
        ((word &- ones &* 0x20) & ~word) | ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)
      if found & (ones &* 0x80) != 0 { break }
      at += 8
    }
    while at < bytes.count {
      let byte = bytes[at]
      if byte < 0x20 || byte == 0x22 || byte == 0x5C { break }
      at += 1
    }
    return at
  }
}
