import CSupport
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
  vdb_swap_words(row, target + 4, dimensions)
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
    vdb_swap_words(base + 4, target, dimensions)
  }
}
