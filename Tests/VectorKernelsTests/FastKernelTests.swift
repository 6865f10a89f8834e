import CSupport
import Testing
import VectorKernels

/// The fast kernels stay inside the error that the selection counts on: roundings × 2⁻²⁴ × Σ|terms|.
@Suite struct FastKernelTests {
  private let dimensions = Array(1...130) + [255, 256, 257, 384, 511, 513, 1000, 1537, 3137]

  private func numbers(_ count: Int, seed: UInt64) -> [Float] {
    var state = seed
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(Int32(truncatingIfNeeded: state >> 33) - (1 << 30)) * 0x1p-30
    }
  }

  /// Rows one after the other, from an odd address on, with NaN between them.
  private func withRows(
    _ count: Int, _ dimensions: Int, _ body: ([[Float]], UnsafePointer<UnsafePointer<Float>?>) -> Void
  ) {
    let rows = (0..<count).map { numbers(dimensions, seed: UInt64(1 + $0 + dimensions * 100)) }
    let memory = UnsafeMutablePointer<Float>.allocate(capacity: count * (dimensions + 1) + 1)
    let pointers = UnsafeMutablePointer<UnsafePointer<Float>?>.allocate(capacity: count + Int(VDB_SCAN_AHEAD))
    defer {
      memory.deallocate()
      pointers.deallocate()
    }
    memory.initialize(repeating: .nan, count: count * (dimensions + 1) + 1)
    for (r, row) in rows.enumerated() {
      let start = memory + 1 + r * (dimensions + 1)
      for (i, x) in row.enumerated() { start[i] = x }
      pointers[r] = UnsafePointer(start)
    }
    // Rows to come that are no memory: they may be asked for, never read.
    for r in 0..<Int(VDB_SCAN_AHEAD) { pointers[count + r] = UnsafePointer(bitPattern: 64 * (r + 1)) }
    body(rows, pointers)
  }

  private func sums(_ query: [Float], _ row: [Float], _ term: (Double, Double) -> Double) -> (Double, Double) {
    zip(query, row).reduce(into: (0.0, 0.0)) { sums, pair in
      let t = term(Double(pair.0), Double(pair.1))
      sums.0 += t
      sums.1 += abs(t)
    }
  }

  @Test func scans() {
    for table in KernelTable.supported {
      for d in dimensions {
        let query = numbers(d, seed: 5)
        for count in [1, 3, 4, 7] {
          withRows(count, d) { rows, pointers in
            var dots = [Float](repeating: .nan, count: count + 1)
            var squares = dots
            table.functions.scan_dot(query, pointers, count, d, &dots)
            table.functions.scan_squared_distance(query, pointers, count, d, &squares)
            let bound = Double(d / Int(table.functions.scan_lanes) + 10) * 0x1p-24 * 1.01
            for r in 0..<count {
              let dot = sums(query, rows[r]) { $0 * $1 }
              #expect(abs(Double(dots[r]) - dot.0) <= bound * dot.1, "dot, d = \(d), \(table.level)")
              let square = sums(query, rows[r]) { ($0 - $1) * ($0 - $1) }
              #expect(abs(Double(squares[r]) - square.0) <= bound * square.1, "square, d = \(d), \(table.level)")
            }
            #expect(dots[count].isNaN && squares[count].isNaN, "written behind the end")
          }
        }
      }
    }
  }

  @Test func tiles() {
    for table in KernelTable.supported {
      let kernels = table.functions
      let rowCount = Int(kernels.tile_rows)
      for vectors in 1...kernels.tile_vectors {
        let width = Int(vectors * kernels.lanes)
        for d in dimensions {
          let panel = numbers(width * d, seed: 6)
          withRows(rowCount, d) { rows, pointers in
            var tile = [Float](repeating: .nan, count: rowCount * width + 1)
            let half = d / 2
            kernels.tile(panel, pointers, 0, half, vectors, 0, &tile)
            panel.withUnsafeBufferPointer { all in
              kernels.tile(all.baseAddress.map { $0 + half * width }, pointers, half, d - half, vectors, 1, &tile)
            }
            for r in 0..<rowCount {
              for q in 0..<width {
                let dot = sums((0..<d).map { panel[$0 * width + q] }, rows[r]) { $0 * $1 }
                let bound = Double(d + 3) * 0x1p-24 * 1.01 * dot.1
                if !(abs(Double(tile[r * width + q]) - dot.0) <= bound) {
                  Issue.record("row \(r), query \(q), d = \(d), \(table.level)")
                }
              }
            }
            #expect(tile[rowCount * width].isNaN, "written behind the end")
          }
        }
      }
    }
  }

  @Test func selectionKeepsWhatIsNotLess() {
    for table in KernelTable.supported {
      let kernels = table.functions
      for count in 1...64 {
        var values = (0..<64).map { Float($0 * 37 % 64) }
        if count > 5 { values[3] = .nan }
        let scale = [Float](repeating: 2, count: 64)
        let offset = [Float](repeating: -1, count: 64)
        let scores = values.map { $0 * 2 - 1 }
        let mask = kernels.scan_select(&values, scale, offset, count, 63)
        for i in 0..<64 {
          #expect((mask >> UInt64(i) & 1 == 1) == (i < count && !(scores[i] < 63)))
          if i < count, !scores[i].isNaN { #expect(values[i] == scores[i]) }
        }
      }
      let rows = Int(kernels.tile_rows)
      for vectors in 1...kernels.tile_vectors {
        let width = Int(vectors * kernels.lanes)
        let original = (0..<rows * width).map { $0 == 7 ? Float.nan : Float($0 * 29 % 101) }
        var values = original
        let scale = (0..<rows).map { Float($0 + 1) }
        let offset = (0..<rows).map { Float(-$0) }
        let cuts = (0..<width).map { $0 % 5 == 0 ? Float.infinity : Float($0 * 3) }
        var masks = [UInt64](repeating: 0, count: rows)
        let any = kernels.tile_select(&values, scale, offset, cuts, vectors, &masks)
        for r in 0..<rows {
          for q in 0..<width {
            let score = original[r * width + q] * scale[r] + offset[r]
            #expect((masks[r] >> UInt64(q) & 1 == 1) == !(score < cuts[q]))
          }
        }
        #expect(any == masks.reduce(0, |))
      }
    }
  }
}
