import Support

/// Protobuf written into memory that may run out. All return false when out of memory; what was written is useless then.
extension ColumnBuffer where Element == UInt8 {
  /// A number in groups of seven bits, the lowest first.
  func append(varint value: UInt64) -> Bool {
    var rest = value
    while rest >= 0x80 {
      guard append(UInt8(truncatingIfNeeded: rest) | 0x80) else { return false }
      rest >>= 7
    }
    return append(UInt8(truncatingIfNeeded: rest))
  }

  /// A field that is a number; 0 is left out, as the default.
  func append(field: Int, number: UInt64) -> Bool {
    number == 0 || (append(varint: UInt64(field << 3)) && append(varint: number))
  }

  /// A field of bytes, also when there are none.
  func append(field: Int, bytes: UnsafeRawBufferPointer) -> Bool {
    append(field: field, length: bytes.count) && append(bytes: bytes)
  }

  /// A field of text; an empty one is left out, as the default.
  func append(field: Int, text: String) -> Bool {
    if text.isEmpty { return true }
    var text = text
    return text.withUTF8 { append(field: field, bytes: UnsafeRawBufferPointer($0)) }
  }

  /// A message that is what `head` and `rest` hold, one behind the other.
  func append(field: Int, _ head: ColumnBuffer<UInt8>, _ rest: ColumnBuffer<UInt8>) -> Bool {
    append(field: field, head: head, before: rest.count) && append(contentsOf: rest.elements)
  }

  /// The beginning of a message: what `head` holds; `rest` more bytes follow.
  func append(field: Int, head: ColumnBuffer<UInt8>, before rest: Int) -> Bool {
    append(field: field, length: head.count + rest) && append(contentsOf: head.elements)
  }

  /// The beginning of a message that holds one field at each of `levels` and nothing else; `rest` bytes follow in the last.
  func append(field: Int, levels: [Int], before rest: Int) -> Bool {
    let head = ColumnBuffer<UInt8>()
    var inside = rest
    // From within: a level's length counts the headers of those it holds.
    var headers: [ColumnBuffer<UInt8>] = []
    for level in levels.reversed() {
      let header = ColumnBuffer<UInt8>()
      guard header.append(field: level, length: inside) else { return false }
      inside += header.count
      headers.append(header)
    }
    for header in headers.reversed() {
      guard head.append(contentsOf: header.elements) else { return false }
    }
    return append(field: field, head: head, before: rest)
  }

  /// The tag of a field of bytes, or of a message, and its length.
  func append(field: Int, length: Int) -> Bool {
    append(varint: UInt64(field << 3 | 2)) && append(varint: UInt64(length))
  }
}
