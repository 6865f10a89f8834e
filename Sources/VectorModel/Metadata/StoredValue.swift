import Support

/// A value of a stored record, borrowed from it: the tag of its type and its bytes as `MetadataEncoding` lays them out.
package struct StoredValue: BitwiseCopyable {
  let tag: UInt8
  package let bytes: UnsafeRawBufferPointer

  init(tag: UInt8, bytes: UnsafeRawBufferPointer) {
    self.tag = tag
    self.bytes = bytes
  }

  /// A list of one item of a stored list: what a test says of it, it says of the item in its list.
  package init(listOf item: UnsafeRawBufferPointer) {
    // The item's length stands before it.
    let start = item.baseAddress.map { $0 - MetadataEncoding.itemHeaderSize }
    self.init(
      tag: MetadataEncoding.Tag.strings,
      bytes: UnsafeRawBufferPointer(start: start, count: item.count + MetadataEncoding.itemHeaderSize))
  }

  /// What a value is. `other` is nothing a record should hold.
  package enum Kind { case string, number, bool, strings, other }

  package var kind: Kind {
    switch tag {
    case MetadataEncoding.Tag.string: .string
    case MetadataEncoding.Tag.number: bytes.count == 8 ? .number : .other
    case MetadataEncoding.Tag.yes, MetadataEncoding.Tag.no: .bool
    case MetadataEncoding.Tag.strings: .strings
    default: .other
    }
  }

  /// The number of a value of kind `number`, else NaN.
  package var number: Double {
    guard kind == .number, let base = bytes.baseAddress else { return .nan }
    return Double(bitPattern: UInt64(littleEndian: base.loadUnaligned(as: UInt64.self)))
  }

  /// The items of a value of kind `strings`.
  package var items: MetadataEncoding.StringList { MetadataEncoding.StringList(rest: bytes) }

  /// The same value with its bytes in `memory`, which has room for them.
  package func copied(to memory: UnsafeMutableRawPointer) -> StoredValue {
    if let from = bytes.baseAddress { memory.copyMemory(from: from, byteCount: bytes.count) }
    return StoredValue(tag: tag, bytes: UnsafeRawBufferPointer(start: memory, count: bytes.count))
  }

  /// Whether type and bytes are the same.
  package func isSame(as other: StoredValue) -> Bool {
    tag == other.tag && bytes.count == other.bytes.count && compareBytes(bytes, other.bytes) == 0
  }
}
