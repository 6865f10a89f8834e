import CSupport
import Testing
import VectorKernels

@Suite struct KernelTableTests {
  @Test func theFastestSupportedTableIsInUse() {
    #expect(KernelTable.supported.first?.level == .baseline)
    #expect(KernelTable.active.level == KernelTable.supported.last?.level)
    #expect(KernelTable.supported.map(\.level) == KernelLevel.supported)
    #expect(CPUFeatures.current.level == KernelTable.active.level.rawValue)
  }

  @Test func tablesAreThoseOfTheirLevel() {
    for table in KernelTable.supported {
      let lanes: [KernelLevel: UInt32] = [.baseline: 4, .avx2: 8, .avx512: 16]
      #expect(table.functions.lanes == lanes[table.level])
      #expect(table.functions.tile_rows <= UInt32(VDB_TILE_ROWS_MAX))
      #expect(table.functions.tile_vectors * table.functions.lanes <= UInt32(VDB_TILE_QUERIES_MAX))
      // Groups of 64 rows are cut into tiles without remainder.
      #expect(64 % table.functions.tile_rows == 0)
    }
  }

  @Test func featuresAgreeWithTheLevel() {
    let features = CPUFeatures.current
    #expect(Set(features.features).count == features.features.count)
    #if arch(x86_64)
      #expect(features.architecture == "x86_64")
      #expect(features.features.contains("sse2"))
      #expect(KernelLevel.supported.contains(.avx2) == (features.features.contains("avx2")))
      #expect(!KernelLevel.supported.contains(.avx512) || features.features.contains("avx512f"))
    #endif
  }
}
