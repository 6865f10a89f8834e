/// The kernels of one instruction set.
package struct KernelTable: Sendable {
  package static let active = KernelTable()

  package func squaredNorm(_ row: UnsafeRawPointer, dimensions: Int) -> Double {
    var sum = 0.0
    for i in 0..<dimensions {
      let x = Double(row.loadUnaligned(fromByteOffset: i * 4, as: Float.self))
      sum += x * x
    }
    return sum
  }
}
