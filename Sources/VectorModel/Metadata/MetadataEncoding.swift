import Support

/// The stored form of one record's metadata: its fields end to end, in the order they were given.
///
/// A field is a header of 6 bytes (key length u8, tag u8, value length u32), the key, the value. Values by tag: a string's
/// bytes; a double's 8 bytes; nothing for true, false and "remove" (in patches only); for a list of strings a u32 length
/// and the bytes of each. Numbers are little-endian and unaligned. The empty byte string is "no metadata".
package enum MetadataEncoding {
  /// Largest record in this form: 1 MiB.
  package static let maxBytes = 1 << 20
  /// Longest key, in bytes.
  package static let maxKeyLength = 255

  static let headerSize = 6
  /// Bytes before each item of a list of strings.
  static let itemHeaderSize = 4

  /// What a value is.
  enum Tag {
    static let string: UInt8 = 1
    static let number: UInt8 = 2
    static let no: UInt8 = 3
    static let yes: UInt8 = 4
    static let strings: UInt8 = 5
    static let remove: UInt8 = 6
  }

  /// The value of a field, borrowed from the encoded bytes.
  package enum Value: BitwiseCopyable {
    case string(UnsafeRawBufferPointer)
    case number(Double)
    case bool(Bool)
    case strings(StringList)
    /// In a patch: the key is to go.
    case remove
  }

  /// A key and its value, borrowed from the encoded bytes.
  package struct Field: BitwiseCopyable {
    package let key: UnsafeRawBufferPointer
    package let value: Value
    /// The field as it is stored, header included.
    package let encoded: UnsafeRawBufferPointer
  }

  /// The fields of an entry, without allocation. Bytes that are no entry end the iteration.
  package static func fields(of entry: UnsafeRawBufferPointer) -> Fields { Fields(rest: entry) }

  package struct Fields: Sequence, IteratorProtocol {
    var rest: UnsafeRawBufferPointer

    package mutating func next() -> Field? {
      guard let base = rest.baseAddress, rest.count >= headerSize else { return nil }
      let keyLength = Int(rest[0])
      let valueLength = Int(UInt32(littleEndian: (base + 2).loadUnaligned(as: UInt32.self)))
      let size = headerSize + keyLength + valueLength
      guard size <= rest.count else { return nil }
      let key = UnsafeRawBufferPointer(start: base + headerSize, count: keyLength)
      let bytes = UnsafeRawBufferPointer(start: base + headerSize + keyLength, count: valueLength)
      guard let value = MetadataEncoding.value(tag: rest[1], bytes) else { return nil }
      let encoded = UnsafeRawBufferPointer(start: base, count: size)
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(size))
      return Field(key: key, value: value, encoded: encoded)
    }
  }

  /// The items of a list of strings, borrowed from the encoded bytes.
  package struct StringList: Sequence, IteratorProtocol, BitwiseCopyable {
    var rest: UnsafeRawBufferPointer

    package mutating func next() -> UnsafeRawBufferPointer? {
      guard let base = rest.baseAddress, rest.count >= 4 else { return nil }
      let length = Int(UInt32(littleEndian: base.loadUnaligned(as: UInt32.self)))
      guard 4 + length <= rest.count else { return nil }
      let item = UnsafeRawBufferPointer(start: base + 4, count: length)
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(4 + length))
      return item
    }
  }

  private static func value(tag: UInt8, _ bytes: UnsafeRawBufferPointer) -> Value? {
    switch tag {
    case Tag.string: return .string(bytes)
    case Tag.number:
      guard bytes.count == 8, let base = bytes.baseAddress else { return nil }
      return .number(Double(bitPattern: UInt64(littleEndian: base.loadUnaligned(as: UInt64.self))))
    case Tag.no: return .bool(false)
    case Tag.yes: return .bool(true)
    case Tag.strings: return .strings(StringList(rest: bytes))
    case Tag.remove: return .remove
    default: return nil
    }
  }

  /// Appends the entry as a JSON object, `{}` when it is empty; false when out of memory.
  package static func appendJSON(_ entry: UnsafeRawBufferPointer, to output: ColumnBuffer<UInt8>) -> Bool {
    var writer = JSONWriter(output)
    writer.beginObject()
    for field in fields(of: entry) {
      writer.key(field.key)
      switch field.value {
      case .string(let bytes): writer.string(bytes)
      case .number(let number): writer.number(number)
      case .bool(let bool): writer.bool(bool)
      case .strings(let items):
        writer.beginArray()
        for item in items { writer.string(item) }
        writer.endArray()
      case .remove: writer.null()
      }
    }
    writer.endObject()
    return !writer.failed
  }
}
