import VectorModel

/// Copies an input struct of C into `defaults`, whose layout is this library's.
///
/// A shorter struct (an older caller) keeps the defaults of its missing fields; a longer one is fine as long as the bytes
/// this library does not know are zero. The pointer needs no alignment.
func inputStruct<T: BitwiseCopyable>(
  _ pointer: UnsafePointer<T>?, defaults: T, _ name: StaticString
) throws(VectorError) -> T {
  guard let pointer else { throw VectorError(.invalidArgument, "\(name) is NULL") }
  let raw = UnsafeRawPointer(pointer)
  let size = Int(raw.loadUnaligned(as: UInt32.self))
  guard size >= 8, size <= InputStruct.sizeLimit else {
    throw VectorError(
      .invalidArgument, "struct_size of \(name) is \(size), expected \(MemoryLayout<T>.size): use its INIT macro")
  }
  let known = MemoryLayout<T>.size
  if size > known {
    for offset in known..<size where raw.load(fromByteOffset: offset, as: UInt8.self) != 0 {
      throw VectorError(
        .unsupported, "\(name) sets a field at byte \(offset), which version \(libraryVersion) does not know")
    }
  }
  var value = defaults
  withUnsafeMutableBytes(of: &value) { bytes in
    bytes.copyMemory(from: UnsafeRawBufferPointer(start: raw, count: min(size, known)))
  }
  return value
}

enum InputStruct {
  /// No struct of this interface comes near it; a larger struct_size is garbage and its tail is not read.
  static let sizeLimit = 4096
}

/// Refuses flags that do not exist, then those that do not fit the call.
func checkFlags(_ flags: UInt32, allowed: UInt32, _ name: StaticString) throws(VectorError) {
  let known: UInt32 = 0x7f
  if flags & ~known != 0 {
    throw VectorError(
      .unsupported, "\(name) has flags 0x\(String(flags & ~known, radix: 16)), unknown to version \(libraryVersion)")
  }
  if flags & ~allowed != 0 {
    throw VectorError(
      .invalidArgument, "\(name) has flags 0x\(String(flags & ~allowed, radix: 16)), which this call does not take")
  }
}
