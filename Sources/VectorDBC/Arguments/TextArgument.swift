import Glibc
import VectorModel

/// More bytes than a process can address on any 64-bit machine: a length beyond it cannot be true, and is refused before
/// anything is read.
let addressableBytes = 1 << 56

/// Reads a C text: pointer and length in bytes, or NUL-terminated with `VDB_NTS`.
///
/// A size_t above `Int.max` arrives as a negative number; only −1 (`VDB_NTS`) means something.
func text(
  _ pointer: UnsafePointer<CChar>?, _ length: Int, _ name: StaticString
) throws(VectorError) -> UnsafeRawBufferPointer {
  guard let pointer else {
    if length == 0 || length == -1 { return UnsafeRawBufferPointer(start: nil, count: 0) }
    throw VectorError(.invalidArgument, "\(name) is NULL, but its length is \(UInt(bitPattern: length))")
  }
  if length == -1 { return UnsafeRawBufferPointer(start: pointer, count: strlen(pointer)) }
  guard length >= 0, length <= addressableBytes else {
    throw VectorError(
      .tooLarge, "the length of \(name) is \(UInt(bitPattern: length)) bytes, more than memory can hold")
  }
  return UnsafeRawBufferPointer(start: pointer, count: length)
}

/// As `text`, for an argument that must not be NULL.
func requiredText(
  _ pointer: UnsafePointer<CChar>?, _ length: Int, _ name: StaticString
) throws(VectorError) -> UnsafeRawBufferPointer {
  guard pointer != nil else { throw VectorError(.invalidArgument, "\(name) is NULL") }
  return try text(pointer, length, name)
}
