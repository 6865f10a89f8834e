import Support

/// Reads the fields of one protobuf message in turn, where they lie. Every length is checked against the end of the message.
///
/// What a field means is the caller's: those that it does not know, or that come in another form than it expects, it goes by.
/// Messages inside are bytes, which another reader takes apart, so nothing here nests.
struct ProtobufReader {
  /// Why a message cannot be read.
  enum Defect: Error {
    /// Cut, or no protobuf at all.
    case malformed
    case outOfMemory
  }

  struct Field {
    let number: Int
    let value: Value
  }

  enum Value {
    /// A number as it stands on the wire; negative ones are large.
    case number(UInt64)
    /// Text, a message, or the elements of a packed list.
    case bytes(UnsafeRawBufferPointer)
    /// The four bytes of a float or of a fixed integer, the lowest first.
    case word(UnsafeRawBufferPointer)
    /// The eight bytes of a double or of a fixed integer.
    case longWord(UnsafeRawBufferPointer)
  }

  private let bytes: UnsafeRawBufferPointer
  private var at = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// Whether everything has been read.
  var isAtEnd: Bool { at == bytes.count }

  /// The next field; nil at the end. Groups, which the protocols of today do not have, are malformed.
  @inline(__always)
  mutating func next() throws(Defect) -> Field? {
    if isAtEnd { return nil }
    let tag = try varint()
    guard tag >> 3 != 0, tag <= UInt64(UInt32.max) else { throw .malformed }
    let value: Value =
      switch tag & 7 {
      case 0: .number(try varint())
      case 1: .longWord(try take(8))
      case 2: .bytes(try take(try varint()))
      case 5: .word(try take(4))
      default: throw .malformed
      }
    return Field(number: Int(tag >> 3), value: value)
  }

  /// A number in groups of seven bits, the lowest first: ten groups at most, what exceeds 64 bits is dropped.
  @inline(__always)
  mutating func varint() throws(Defect) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while at < bytes.count, shift < 64 {
      let byte = bytes[at]
      at += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw .malformed
  }

  @inline(__always)
  private mutating func take(_ count: UInt64) throws(Defect) -> UnsafeRawBufferPointer {
    guard count <= UInt64(bytes.count - at) else { throw .malformed }
    let start = at
    at += Int(count)
    return UnsafeRawBufferPointer(rebasing: bytes[start..<at])
  }
}

/// Elements of four bytes, by the bytes they are made of: where they lie in the message while they come in one piece, as they
/// mostly do, else put together in memory of their own.
struct ProtobufWords {
  private var piece = UnsafeRawBufferPointer(start: nil, count: 0)
  private var joined: ColumnBuffer<UInt8>?

  /// Bytes of all elements.
  var byteCount: Int { joined?.count ?? piece.count }

  /// Where the elements begin. Valid as long as this and the message.
  var base: UnsafeRawPointer? { joined.map { UnsafeRawPointer($0.base) } ?? piece.baseAddress }

  /// Adds one element, or several that are packed.
  mutating func add(_ bytes: UnsafeRawBufferPointer) throws(ProtobufReader.Defect) {
    guard bytes.count % 4 == 0 else { throw .malformed }
    if joined == nil, piece.isEmpty {
      piece = bytes
      return
    }
    let joined = self.joined ?? ColumnBuffer()
    if self.joined == nil {
      guard joined.append(bytes: piece) else { throw .outOfMemory }
      self.joined = joined
    }
    guard joined.append(bytes: bytes) else { throw .outOfMemory }
  }

  /// Adds the elements of a field that is a list of them; of another form it is none.
  mutating func add(_ value: ProtobufReader.Value) throws(ProtobufReader.Defect) {
    switch value {
    case .bytes(let bytes), .word(let bytes): try add(bytes)
    case .number, .longWord: break
    }
  }
}
