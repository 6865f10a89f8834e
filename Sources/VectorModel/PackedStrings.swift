/// Borrowed strings of bytes laid end to end: string i is `bytes[offsets[i] ..< offsets[i + 1]]`.
///
/// `offsets` has `count + 1` ascending entries; whoever makes the value has checked that. Valid as long as the memory it
/// points to, usually one call.
package struct PackedStrings: @unchecked Sendable {
  package let bytes: UnsafeRawPointer?
  package let offsets: UnsafePointer<UInt64>?
  package let count: Int

  package init(bytes: UnsafeRawPointer?, offsets: UnsafePointer<UInt64>?, count: Int) {
    self.bytes = bytes
    self.offsets = offsets
    self.count = count
  }

  package subscript(index: Int) -> UnsafeRawBufferPointer {
    guard let offsets, let bytes, index < count else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    let start = Int(truncatingIfNeeded: offsets[index])
    let end = Int(truncatingIfNeeded: offsets[index + 1])
    return UnsafeRawBufferPointer(start: bytes + start, count: end - start)
  }
}
