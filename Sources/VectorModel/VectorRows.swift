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
