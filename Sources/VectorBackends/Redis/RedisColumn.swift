import Support
import VectorModel

/// A field of the hash that exists for filters alone: one key of the metadata under one type, since an index knows one type a
/// field. The truth is in `metaField`.
package struct RedisColumn: Hashable, Sendable {
  /// What the field holds; one key may have a column of each.
  package enum Kind: Hashable, Sendable, CaseIterable {
    /// A list of strings, of one item where the value is a string.
    case strings
    case number
    case bool

    var suffix: StaticString {
      switch self {
      case .strings: "__s"
      case .number: "__n"
      case .bool: "__b"
      }
    }
  }

  let key: ByteString
  let kind: Kind

  package init(_ key: ByteString, _ kind: Kind) {
    self.key = key
    self.kind = kind
  }

  /// Field with the metadata as JSON.
  static let metaField: ByteString = "_vdb_meta"
  /// Field with the namespace, which tells an index of ours from that of others.
  static let namespaceField: ByteString = "_vdb_ns"
  /// Field of an index that was made over records which were there before: see `RedisIndex.hasOldRecords`.
  static let oldRecordsField: ByteString = "_vdb_old"

  /// Name of the field. No two columns share one: a key with other bytes than letters, digits and underscores is written as
  /// `_x_` with every byte but letters and digits as an underscore and two digits, and so is one that begins like that.
  var field: ByteString {
    let start = Array("_x_".utf8)
    let isPlain = !key.bytes.starts(with: start) && key.bytes.allSatisfy { Self.isAlphanumeric($0) || $0 == 0x5F }
    let suffix = kind.suffix.withUTF8Buffer { Array($0) }
    if isPlain { return ByteString(key.bytes + suffix) }
    let digits = Array("0123456789abcdef".utf8)
    let name = key.bytes.flatMap { byte -> [UInt8] in
      Self.isAlphanumeric(byte) ? [byte] : [0x5F, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
    return ByteString(start + name + suffix)
  }

  /// How the index is told of the field.
  func appendSchema(to commands: inout [ByteString]) {
    commands.append(field)
    commands += kind == .number ? ["NUMERIC"] : Self.tagSchema
  }

  /// A list of exact strings, separated by a byte that no value holds.
  static let tagSchema: [ByteString] = ["TAG", "SEPARATOR", "\u{1f}", "CASESENSITIVE"]

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: false
    }
  }
}

/// Strings as tags: what the query engine finds again, byte by byte.
enum RedisTag {
  static let separator: UInt8 = 0x1f
  /// In each list of strings beside its values, so that records which have the key can be found; and what stands for the
  /// default namespace.
  static let present: ByteString = "~"

  private static let escape = UInt8(ascii: "~")
  /// The engine finds no tag above 4096 bytes.
  private static let longest = 1000

  /// Whether a string can be a tag as it is: the engine cuts at the separator, trims white space and ends at a NUL.
  static func isPlain(_ text: UnsafeRawBufferPointer) -> Bool {
    guard let first = text.first, let last = text.last, text.count <= longest, first != escape else { return false }
    return !isSpace(first) && !isSpace(last) && !text.contains { $0 == separator || $0 == 0 }
  }

  /// The tag of a string: itself, or `~` and its SHA-256.
  static func append(_ text: UnsafeRawBufferPointer, to output: ColumnBuffer<UInt8>) -> Bool {
    if isPlain(text) { return output.append(bytes: text) }
    return output.append(escape) && SHA256.hexadecimal(text).withUnsafeBytes { output.append(bytes: $0) }
  }

  /// The same as a value of its own.
  static func tag(_ text: ByteString) -> ByteString {
    text.bytes.withUnsafeBytes { bytes in
      isPlain(bytes) ? text : ByteString([escape] + SHA256.hexadecimal(bytes))
    }
  }

  /// The tag of a namespace.
  static func namespace(_ name: ByteString) -> ByteString { name.isEmpty ? present : tag(name) }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || 0x09...0x0D ~= byte }
}
