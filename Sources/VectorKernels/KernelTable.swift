import CSupport

/// The kernels of one instruction set, as Swift functions. The choice is made once a process.
package struct KernelTable: Sendable {
  package let level: KernelLevel
  /// The functions themselves, for loops that call them millions of times.
  package let functions: vdb_kernels

  /// The fastest kernels this processor can run.
  package static let active = KernelTable(KernelLevel.supported.last ?? .baseline)

  /// Every table this processor can run, slowest first: for tests that compare them.
  package static let supported = KernelLevel.supported.map { KernelTable($0) }

  private init(_ level: KernelLevel) {
    self.level = level
    var table = vdb_kernels()
    switch level {
    case .baseline: vdb_kernels_fill_baseline(&table)
    #if arch(x86_64)
      case .avx2: vdb_kernels_fill_avx2(&table)
      case .avx512:
        vdb_kernels_fill_avx512(&table)
        Self.takeScans(of: vdb_kernels_fill_avx2, into: &table)
    #else
      case .avx2, .avx512: vdb_kernels_fill_baseline(&table)
    #endif
    }
    functions = table
  }

  /// Scans wait for memory, which wider registers do not make faster: those of AVX2 read 3 to 5 % more a second than the same
  /// source built for AVX-512 did, and a quarter more in rows of 100 components.
  private static func takeScans(of fill: (UnsafeMutablePointer<vdb_kernels>) -> Void, into table: inout vdb_kernels) {
    var other = vdb_kernels()
    fill(&other)
    table.scan_lanes = other.scan_lanes
    table.scan_dot = other.scan_dot
    table.scan_squared_distance = other.scan_squared_distance
    table.scan_select = other.scan_select
  }

  /// Sum of the squares of a row, exact: NaN or infinite when and only when a component is. Needs no alignment.
  package func squaredNorm(_ row: UnsafeRawPointer, dimensions: Int) -> Double {
    functions.squared_norm(row, dimensions)
  }
}
