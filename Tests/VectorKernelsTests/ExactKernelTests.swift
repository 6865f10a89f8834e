import CSupport
import Testing
import VectorKernels

/// The exact kernels give the bits of their definition, at any address, in every table.
@Suite struct ExactKernelTests {
  /// Eight sums in double, folded in one order.
  private func plain(_ count: Int, _ term: (Int) -> Double) -> Double {
    var lanes = [Double](repeating: 0, count: 8)
    for i in 0..<count { lanes[i % 8] += term(i) }
    let four = (0..<4).map { lanes[$0] + lanes[$0 + 4] }
    return (four[0] + four[2]) + (four[1] + four[3])
  }

  @Test func bits() {
    var state: UInt64 = 99
    for count in Array(1...130) + [384, 1000, 4097, 65536] {
      // Magnitudes far apart, so that every rounding shows.
      let floats: [Float] = (0..<2 * count).map { i in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let scale: Float = [1e-12, 1, 1e9, 1e-3][i % 4]
        return Float(Int32(truncatingIfNeeded: state >> 33) - (1 << 30)) * 0x1p-30 * scale
      }
      let q = { (i: Int) in Double(floats[i]) }
      let x = { (i: Int) in Double(floats[count + i]) }
      let memory = UnsafeMutableRawPointer.allocate(byteCount: 8 * count + 64, alignment: 64)
      defer { memory.deallocate() }
      for shift in [0, 1, 4, 30] {
        let query = memory + shift
        let row = query + 4 * count
        floats.withUnsafeBytes {
          query.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(query), byteCount: 8 * count)
        }
        for table in KernelTable.supported {
          let kernels = table.functions
          #expect(kernels.dot(query, row, count) == plain(count) { q($0) * x($0) })
          #expect(kernels.squared_norm(row, count) == plain(count) { x($0) * x($0) })
          #expect(kernels.squared_distance(query, row, count) == plain(count) { (q($0) - x($0)) * (q($0) - x($0)) })
          var both = [0.0, 0.0]
          kernels.dot_and_norm(query, row, count, &both)
          #expect(both == [plain(count) { q($0) * x($0) }, plain(count) { x($0) * x($0) }])
        }
      }
    }
  }
}
