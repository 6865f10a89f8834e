import Support
import VectorModel

extension ColumnBuffer where Element == UInt8 {
  /// Appends a row of floats in the binary form of the type `vector`; false when out of memory.
  func append(vector row: UnsafeRawPointer, dimensions: Int) -> Bool {
    guard let start = extend(by: 4 + 4 * dimensions) else { return false }
    storeVector(row, dimensions: dimensions, at: UnsafeMutableRawPointer(start))
    return true
  }
}

/// Writes a row of floats in the binary form of the type `vector`, 4 bytes and 4 for each dimension.
func storeVector(_ row: UnsafeRawPointer, dimensions: Int, at target: UnsafeMutableRawPointer) {
  target.storeBytes(of: UInt16(truncatingIfNeeded: dimensions).bigEndian, as: UInt16.self)
  target.storeBytes(of: 0, toByteOffset: 2, as: UInt16.self)
  swapWords(from: row, to: target + 4, count: dimensions)
}

/// Copies words of 32 bits with their bytes in the other order. Written so that it becomes vector instructions.
private func swapWords(from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, count: Int) {
  var at = 0
  while count - at >= 8 {
    let words = (source + 4 * at).loadUnaligned(as: SIMD8<UInt32>.self)
    let pairs = (words &<< 24) | ((words & 0xff00) &<< 8) | ((words &>> 8) & 0xff00) | (words &>> 24)
    (target + 4 * at).storeBytes(of: pairs, as: SIMD8<UInt32>.self)
    at += 8
  }
  while at < count {
    let word = (source + 4 * at).loadUnaligned(as: UInt32.self)
    (target + 4 * at).storeBytes(of: word.byteSwapped, as: UInt32.self)
    at += 1
  }
}

extension ColumnBuffer where Element == Float {
  /// Appends the floats of a binary `vector`. Errors: `protocolViolation` when it is none of that many dimensions, `outOfMemory`.
  func append(vector bytes: UnsafeRawBufferPointer, dimensions: Int) throws(VectorError) {
    guard let base = bytes.baseAddress, bytes.count == 4 + 4 * dimensions,
      Int(UInt16(bigEndian: base.loadUnaligned(as: UInt16.self))) == dimensions
    else {
      throw VectorError(
        .protocolViolation, "Postgres answered a vector of \(bytes.count) bytes, expected \(dimensions) dimensions")
    }
    guard let target = extend(by: dimensions) else { throw .resultOutOfMemory }
    swapWords(from: base + 4, to: UnsafeMutableRawPointer(target), count: dimensions)
  }
}
