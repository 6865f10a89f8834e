import Support

/// Protobuf written into memory that may run out. All return false when out of memory; what was written is useless then.
extension ColumnBuffer where Element == UInt8 {
  /// A number in groups of seven bits, the lowest first.
  func append(varint value: UInt64) -> Bool {
    guard let room = extend(by: Self.longestNumber) else { return false }
    truncate(to: count - Self.longestNumber + Self.write(varint: value, to: room))
    return true
  }

  private static var longestNumber: Int { 10 }

  /// Returns how many bytes the number took.
  private static func write(varint value: UInt64, to target: UnsafeMutablePointer<UInt8>) -> Int {
    var rest = value
    var count = 0
    while rest >= 0x80 {
      target[count] = UInt8(truncatingIfNeeded: rest) | 0x80
      rest >>= 7
      count += 1
    }
    target[count] = UInt8(truncatingIfNeeded: rest)
    return count + 1
  }

  /// A field that is a number; 0 is left out, as the default.
  func append(field: Int, number: UInt64) -> Bool {
    number == 0 || (append(varint: UInt64(field << 3)) && append(varint: number))
  }

  /// A field of bytes, also when there are none.
  func append(field: Int, bytes: UnsafeRawBufferPointer) -> Bool {
    let most = 2 * Self.longestNumber + bytes.count
    guard let room = extend(by: most) else { return false }
    let head = Self.writeHead(field, length: bytes.count, to: room)
    if let from = bytes.baseAddress {
      UnsafeMutableRawPointer(room + head).copyMemory(from: from, byteCount: bytes.count)
    }
    truncate(to: count - most + head + bytes.count)
    return true
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
    let most = 2 * Self.longestNumber
    guard let room = extend(by: most) else { return false }
    truncate(to: count - most + Self.writeHead(field, length: length, to: room))
    return true
  }

  private static func writeHead(_ field: Int, length: Int, to target: UnsafeMutablePointer<UInt8>) -> Int {
    let tag = write(varint: UInt64(field << 3 | 2), to: target)
    return tag + write(varint: UInt64(length), to: target + tag)
  }

  /// A message of two texts, neither of them empty, in its fields 1 and 2.
  func append(field: Int, key: String, value: String) -> Bool {
    let length = ProtobufSize.field(bytes: key.utf8.count) + ProtobufSize.field(bytes: value.utf8.count)
    return append(field: field, length: length) && append(field: 1, text: key) && append(field: 2, text: value)
  }
}

/// Bytes that fields take, for lengths that stand before what they count. Fields are numbered 15 at most.
enum ProtobufSize {
  /// Of a field of bytes, with its tag and length.
  static func field(bytes: Int) -> Int { field(number: UInt64(bytes)) + bytes }

  /// Of a field that is a number, with its tag.
  static func field(number: UInt64) -> Int { 1 + max(70 - number.leadingZeroBitCount, 7) / 7 }
}
