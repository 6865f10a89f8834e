import Support

/// A field of a stored record by its address: checked to lie within the record by whoever made it, alive as long as that.
package struct StoredField: BitwiseCopyable {
  package let start: UnsafeRawPointer

  package init(start: UnsafeRawPointer) { self.start = start }

  var tag: UInt8 { (start + 1).load(as: UInt8.self) }

  /// What the value is. `other` is nothing a record should hold.
  package enum Kind { case string, number, bool, strings, other }

  package var kind: Kind {
    switch tag {
    case MetadataEncoding.Tag.string: .string
    case MetadataEncoding.Tag.number: value.count == 8 ? .number : .other
    case MetadataEncoding.Tag.yes, MetadataEncoding.Tag.no: .bool
    case MetadataEncoding.Tag.strings: .strings
    default: .other
    }
  }

  /// The bytes of the value.
  package var value: UnsafeRawBufferPointer {
    let keyLength = Int(start.load(as: UInt8.self))
    let length = Int(UInt32(littleEndian: (start + 2).loadUnaligned(as: UInt32.self)))
    return UnsafeRawBufferPointer(start: start + MetadataEncoding.headerSize + keyLength, count: length)
  }

  /// The value of a field of kind `number`, else NaN.
  package var number: Double {
    guard kind == .number, let base = value.baseAddress else { return .nan }
    return Double(bitPattern: UInt64(littleEndian: base.loadUnaligned(as: UInt64.self)))
  }

  /// The items of a field of kind `strings`.
  package var strings: MetadataEncoding.StringList { MetadataEncoding.StringList(rest: value) }

  /// Whether another field has the same value: type and bytes.
  package func hasValue(of other: StoredField) -> Bool {
    let (left, right) = (value, other.value)
    return tag == other.tag && left.count == right.count && compareBytes(left, right) == 0
  }
}
