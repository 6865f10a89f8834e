import Support

/// Borrowed float32 rows: row i starts `i * strideBytes` after `base`, which needs no alignment.
///
/// Shape `count × dimensions`. Valid as long as the memory it points to, usually one call.
package struct VectorRows: @unchecked Sendable {
  package let base: UnsafeRawPointer?
  package let count: Int
  package let dimensions: Int
  package let strideBytes: Int

  package init(base: UnsafeRawPointer?, count: Int, dimensions: Int, strideBytes: Int) {
    self.base = base
    self.count = count
    self.dimensions = dimensions
    self.strideBytes = strideBytes
  }

  /// First byte of a row; nil only when there are no rows.
  package func row(_ index: Int) -> UnsafeRawPointer? { base.map { $0 + index * strideBytes } }
}

/// Rows of our own, for work that outlives the call that lends them.
package final class OwnedRows: Sendable {
  private let values = ColumnBuffer<Float>()
  private let shape: (count: Int, dimensions: Int)

  /// Errors: `outOfMemory`.
  package init(copying rows: VectorRows) throws(VectorError) {
    shape = (rows.count, rows.dimensions)
    let (size, overflow) = rows.count.multipliedReportingOverflow(by: rows.dimensions)
    guard !overflow, values.reserve(size) else {
      throw VectorError(.outOfMemory, "not enough memory to copy \(rows.count) vectors")
    }
    let rowBytes = rows.dimensions * MemoryLayout<Float>.stride
    // Rows of nothing can be more than there is time to count.
    guard size > 0, let base = values.extend(by: size) else { return }
    for index in 0..<rows.count {
      if let row = rows.row(index) {
        UnsafeMutableRawPointer(base + index * rows.dimensions).copyMemory(from: row, byteCount: rowBytes)
      }
    }
  }

  /// Bytes of memory they take.
  package var bytes: Int { values.bytes }

  /// Valid as long as this object.
  package var rows: VectorRows {
    VectorRows(
      base: UnsafeRawPointer(values.base), count: shape.count, dimensions: shape.dimensions,
      strideBytes: shape.dimensions * MemoryLayout<Float>.stride)
  }
}
