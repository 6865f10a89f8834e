import Support

/// A message in its frame of five bytes, as a unary call sends it: written behind `headerSize` bytes of room, then `finish`ed.
package enum GRPCFrame {
  /// Bytes before the message: whether it is compressed, and its length.
  package static let headerSize = 5

  /// Memory for a frame with room for its header; nil when out of memory. `size` is what the message will take, if it is known.
  package static func begin(size: Int = 0) -> ColumnBuffer<UInt8>? {
    let frame = ColumnBuffer<UInt8>()
    let (total, overflow) = max(size, 0).addingReportingOverflow(headerSize)
    guard !overflow, frame.reserve(total), frame.append(repeating: 0, count: headerSize) else { return nil }
    return frame
  }

  /// Writes the length of the message into the header; false for a message beyond 4 GB.
  ///
  /// - Parameter rest: bytes of the message that are not in the frame, and follow it.
  package static func finish(_ frame: ColumnBuffer<UInt8>, rest: Int = 0) -> Bool {
    guard let base = frame.base, frame.count >= headerSize,
      let length = UInt32(exactly: frame.count - headerSize + rest)
    else {
      return false
    }
    base[0] = 0
    (UnsafeMutableRawPointer(base) + 1).storeBytes(of: length.bigEndian, as: UInt32.self)
    return true
  }

  /// What is wrong with the body of an answer.
  package enum Defect: Error, Equatable {
    /// Fewer bytes than the header says, or none.
    case cut
    /// Compressed, although nobody asked for that.
    case compressed
    /// More than one message.
    case tooMany
  }

  /// The message of a body that holds exactly one.
  package static func message(of body: UnsafeRawBufferPointer) throws(Defect) -> UnsafeRawBufferPointer {
    guard let base = body.baseAddress, body.count >= headerSize else { throw .cut }
    guard body[0] == 0 else { throw .compressed }
    let length = UInt32(bigEndian: (base + 1).loadUnaligned(as: UInt32.self))
    let rest = body.count - headerSize
    guard rest >= Int(length) else { throw .cut }
    guard rest == Int(length) else { throw .tooMany }
    return UnsafeRawBufferPointer(rebasing: body.dropFirst(headerSize))
  }
}
