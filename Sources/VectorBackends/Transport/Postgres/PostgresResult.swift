import CLibraries
import Support

/// The answer to one statement, its values in binary. Everything in it comes from outside.
package final class PostgresResult {
  private let libpq: Libpq
  private let result: OpaquePointer
  package let rows: Int
  private let columns: Int

  init(_ result: OpaquePointer, _ libpq: Libpq) {
    self.result = result
    self.libpq = libpq
    rows = Int(libpq.functions.pointee.PQntuples(result))
    columns = Int(libpq.functions.pointee.PQnfields(result))
  }

  deinit { libpq.functions.pointee.PQclear(result) }

  /// Rows that a statement wrote or deleted, nil where it does not say.
  package var affected: Int? { libpq.functions.pointee.PQcmdTuples(result).flatMap { Int(String(cString: $0)) } }

  /// The bytes of a value, valid as long as this object; nil for NULL and for what is not there.
  package func bytes(_ row: Int, _ column: Int) -> UnsafeRawBufferPointer? {
    guard row >= 0, row < rows, column >= 0, column < columns else { return nil }
    let (row, column) = (Int32(truncatingIfNeeded: row), Int32(truncatingIfNeeded: column))
    let functions = libpq.functions
    let length = Int(functions.pointee.PQgetlength(result, row, column))
    if length <= 0, functions.pointee.PQgetisnull(result, row, column) != 0 { return nil }
    guard let value = functions.pointee.PQgetvalue(result, row, column) else { return nil }
    return UnsafeRawBufferPointer(start: value, count: max(0, length))
  }

  /// A number of 2, 4 or 8 bytes.
  package func integer(_ row: Int, _ column: Int) -> Int64? {
    guard let bytes = bytes(row, column), let base = bytes.baseAddress else { return nil }
    switch bytes.count {
    case 2: return Int64(Int16(bigEndian: base.loadUnaligned(as: Int16.self)))
    case 4: return Int64(Int32(bigEndian: base.loadUnaligned(as: Int32.self)))
    case 8: return Int64(bigEndian: base.loadUnaligned(as: Int64.self))
    default: return nil
    }
  }

  /// A float of 8 bytes.
  package func double(_ row: Int, _ column: Int) -> Double? {
    guard let bytes = bytes(row, column), bytes.count == 8, let base = bytes.baseAddress else { return nil }
    return Double(bitPattern: UInt64(bigEndian: base.loadUnaligned(as: UInt64.self)))
  }

  package func bool(_ row: Int, _ column: Int) -> Bool? {
    guard let bytes = bytes(row, column), bytes.count == 1 else { return nil }
    return bytes[0] != 0
  }

  package func text(_ row: Int, _ column: Int) -> ByteString? { bytes(row, column).map { ByteString($0) } }

  /// An object identifier, which is unsigned.
  package func oid(_ row: Int, _ column: Int) -> UInt32? {
    integer(row, column).map { UInt32(truncatingIfNeeded: $0) }
  }

  /// Bytes of all values.
  var size: Int {
    var size = 0
    for row in 0..<Int32(truncatingIfNeeded: rows) {
      for column in 0..<Int32(truncatingIfNeeded: columns) {
        size += max(0, Int(libpq.functions.pointee.PQgetlength(result, row, column)))
      }
    }
    return size
  }
}
