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
    guard let base = json.baseAddress else { return true }
    var from = base.assumingMemoryBound(to: UInt8.self)
    let end = from + json.count
    while from < end {
      let before = output.count
      guard let target = output.extend(by: end - from) else { return false }
      let copied = copyPlain(from, end, to: target)
      output.truncate(to: before + copied.written)
      from += copied.read
      if from == end { break }
      var last = from
      while last < end, isOfNumber(last.pointee) { last += 1 }
      guard append(number: UnsafeRawBufferPointer(start: from, count: last - from), to: output) else { return false }
      from = last
    }
    return true
  }

  /// Copies what stands as it is, without the spaces between, up to a number that may have to be written in another way.
  private static func copyPlain(
    _ source: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>
  ) -> (read: Int, written: Int) {
    var from = source
    var to = target
    while from < end {
      var last = from + 1
      switch from.pointee {
      case UInt8(ascii: " "):
        from = last
        continue
      case UInt8(ascii: "\""): last = endOfString(from, end)
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
        var isInteger = true
        while last < end, isOfNumber(last.pointee) {
          if isOfFraction(last.pointee) { isInteger = false }
          last += 1
        }
        guard isInteger, last - from <= 16 else { return (from - source, to - target) }
      default: break
      }
      let count = last - from
      to.update(from: from, count: count)
      to += count
      from = last
    }
    return (from - source, to - target)
  }

  /// Behind the closing quote of the string that begins at `start`.
  private static func endOfString(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> UnsafePointer<UInt8> {
    var at = start + 1
    while at < end, at.pointee != UInt8(ascii: "\"") { at += at.pointee == UInt8(ascii: "\\") ? 2 : 1 }
    return min(at + 1, end)
  }

  private static func isOfNumber(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
      UInt8(ascii: "e"), UInt8(ascii: "E"):
      true
    default: false
    }
  }

  /// Whether a byte makes a number one with a fraction or an exponent.
  private static func isOfFraction(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ".") || byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E")
  }

  private static func append(number text: UnsafeRawBufferPointer, to output: ColumnBuffer<UInt8>) -> Bool {
    let isInteger = !text.contains(where: isOfFraction)
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
