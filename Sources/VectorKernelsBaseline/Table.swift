import CSupport

// One name for each build, so that C can call them all.
#if VDB_AVX512
  @_cdecl("vdb_kernels_fill_avx512")
  func fillAVX512(_ table: UnsafeMutablePointer<vdb_kernels>) { fillKernels(table) }
#elseif VDB_FMA
  @_cdecl("vdb_kernels_fill_avx2")
  func fillAVX2(_ table: UnsafeMutablePointer<vdb_kernels>) { fillKernels(table) }
#elseif VDB_BASELINE
  @_cdecl("vdb_kernels_fill_baseline")
  func fillBaseline(_ table: UnsafeMutablePointer<vdb_kernels>) { fillKernels(table) }
#endif

/// Fills a table with the kernels of this build.
private func fillKernels(_ table: UnsafeMutablePointer<vdb_kernels>) {
  table.pointee.lanes = UInt32(truncatingIfNeeded: laneCount)
  table.pointee.tile_rows = UInt32(truncatingIfNeeded: tileRowCount)
  table.pointee.tile_vectors = UInt32(truncatingIfNeeded: tileVectorCount)
  table.pointee.squared_norm = { row, count in
    guard let row else { return 0 }
    return squaredNorm(row, count)
  }
  table.pointee.dot = { query, row, count in
    guard let query, let row else { return 0 }
    return exactDot(query, row, count)
  }
  table.pointee.squared_distance = { query, row, count in
    guard let query, let row else { return 0 }
    return squaredDistance(query, row, count)
  }
  table.pointee.dot_and_norm = { query, row, count, out in
    guard let query, let row, let out else { return }
    dotAndNorm(query, row, count, out)
  }
  table.pointee.tile = { panel, rows, from, count, vectors, add, sums in
    guard let panel, let rows, let sums else { return }
    switch vectors {
    case 1: tile(RowSums1.self, panel, rows, from, count, add != 0, sums)
    case 2: tile(RowSums2.self, panel, rows, from, count, add != 0, sums)
    default: tile(RowSums3.self, panel, rows, from, count, add != 0, sums)
    }
  }
  table.pointee.tile_select = { sums, scale, offset, cuts, vectors, masks in
    guard let sums, let scale, let offset, let cuts, let masks else { return 0 }
    return tileSelect(sums, scale, offset, cuts, Int(truncatingIfNeeded: vectors), masks)
  }
  #if VDB_BASELINE || (VDB_FMA && !VDB_AVX512)
    fillScans(table)
  #endif
}

#if VDB_BASELINE || (VDB_FMA && !VDB_AVX512)
  private func fillScans(_ table: UnsafeMutablePointer<vdb_kernels>) {
    table.pointee.scan_lanes = UInt32(truncatingIfNeeded: laneCount)
    table.pointee.scan_dot = { query, rows, rowCount, count, out in
      guard let query, let rows, let out else { return }
      scanDot(query, rows, rowCount, count, out)
    }
    table.pointee.scan_squared_distance = { query, rows, rowCount, count, out in
      guard let query, let rows, let out else { return }
      scanSquaredDistance(query, rows, rowCount, count, out)
    }
    table.pointee.scan_select = { values, scale, offset, count, cut in
      guard let values, let scale, let offset else { return 0 }
      return scanSelect(values, scale, offset, count, cut)
    }
  }
#endif
