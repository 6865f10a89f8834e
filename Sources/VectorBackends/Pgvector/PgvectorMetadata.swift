import CSupport
import Support
import VectorModel

/// Metadata on its way into a `jsonb`, and back.
enum PgvectorMetadata {
  /// Refuses what a `jsonb` cannot hold: NUL characters. Errors: `unsupported` with the record's index.
  static func check(_ entry: UnsafeRawBufferPointer, index: Int) throws(VectorError) {
    for field in MetadataEncoding.fields(of: entry) {
      let hasNUL =
        switch field.value {
        case .string(let text): holdsNUL(text)
        case .strings(let items): items.contains(where: holdsNUL)
        case .number, .bool, .remove: false
        }
      if hasNUL || holdsNUL(field.key) {
        throw VectorError(
          .unsupported,
          "backend \"pgvector\" cannot hold a NUL character: metadata of record \(index), key \(quoted(field.key))",
          index: index)
      }
    }
  }

  static func holdsNUL(_ text: UnsafeRawBufferPointer) -> Bool {
    guard let base = text.baseAddress else { return false }
    return vdb_find_byte(base, 0, text.count) != nil
  }

  /// Appends the text of a `jsonb` as this library writes JSON; false when out of memory.
  ///
  /// Postgres keeps numbers digit by digit: 1e300 has 301 of them then, and 5.0 is not 5. Text is copied as it stands.
  static func append(_ json: UnsafeRawBufferPointer, to output: ColumnBuffer<UInt8>) -> Bool {
    guard output.reserve(json.count) else { return false }
    var at = 0
    while at < json.count {
      let byte = json[at]
      switch byte {
      case UInt8(ascii: "\""):
        let end = endOfString(json, at)
        guard output.append(bytes: UnsafeRawBufferPointer(rebasing: json[at..<end])) else { return false }
        at = end
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
        var end = at
        while end < json.count, isOfNumber(json[end]) { end += 1 }
        guard append(number: UnsafeRawBufferPointer(rebasing: json[at..<end]), to: output) else { return false }
        at = end
      case UInt8(ascii: " "): at += 1
      default:
        guard output.append(byte) else { return false }
        at += 1
      }
    }
    return true
  }

  /// Behind the closing quote of the string that begins at `start`.
  private static func endOfString(_ json: UnsafeRawBufferPointer, _ start: Int) -> Int {
    var at = start + 1
    while at < json.count, json[at] != UInt8(ascii: "\"") { at += json[at] == UInt8(ascii: "\\") ? 2 : 1 }
    return min(at + 1, json.count)
  }

  private static func isOfNumber(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
      UInt8(ascii: "e"), UInt8(ascii: "E"):
      true
    default: false
    }
  }

  private static func append(number text: UnsafeRawBufferPointer, to output: ColumnBuffer<UInt8>) -> Bool {
    let isInteger = !text.contains { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }
    if isInteger, text.count <= 16 { return output.append(bytes: text) }
    let digits = String(decoding: text, as: UTF8.self)
    guard let value = Double(digits), value.isFinite else { return output.append(bytes: text) }
    // What no double holds was not written here, and is told as it is.
    if isInteger, let integer = Int64(digits), Int64(exactly: value) != integer { return output.append(bytes: text) }
    guard output.reserve(32), let start = output.extend(by: 32) else { return false }
    let written = start.withMemoryRebound(to: CChar.self, capacity: 32) { vdb_json_format_number(value, $0) }
    output.truncate(to: output.count - 32 + written)
    return true
  }
}
