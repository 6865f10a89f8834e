import Support
import Testing
import VectorIndex
import VectorKernels
import VectorModel

/// Every answer against plain loops in double, bit by bit, for every instruction set this machine can run.
@Suite struct ExactSearchTests {
  private func check(
    _ fixture: RowFixture, _ queries: [[Float]], k: Int, _ note: String, threads: Int = 1,
    metrics: [Metric] = Metric.allCases
  ) throws {
    for metric in metrics {
      let expected = queries.map { fixture.expected(metric, $0, k: k) }
      for table in KernelTable.supported {
        let batch = try fixture.search(metric, queries, k: k, table: table, threads: threads)
        #expect(batch == expected, "batch, \(note), \(metric), \(table.level)")
        for query in queries.indices.prefix(3) {
          let single = try fixture.search(metric, [queries[query]], k: k, table: table, threads: threads)
          #expect(single == [expected[query]], "single, \(note), \(metric), \(table.level)")
        }
      }
    }
  }

  @Test func everyDimension() throws {
    var numbers = SeededNumbers(7)
    for dimensions in Array(1...130) + [255, 384, 513, 1025, 1536] {
      let rows = (0..<150).map { _ in numbers.floats(dimensions) }
      let fixture = RowFixture([rows], dimensions: dimensions, padding: dimensions % 5, shift: dimensions % 3)
      let queries = (0..<5).map { _ in numbers.floats(dimensions) }
      try check(fixture, queries, k: 5, "d = \(dimensions)")
    }
  }

  @Test func everyNumberOfQueries() throws {
    var numbers = SeededNumbers(8)
    let rows = (0..<700).map { _ in numbers.floats(20) }
    let fixture = RowFixture([Array(rows[..<3]), Array(rows[3..<300]), [], Array(rows[300...])], dimensions: 20)
    for count in [0, 1, 2, 3, 4, 7, 8, 9, 16, 17, 24, 25, 33, 47, 48, 49, 97, 130] {
      try check(fixture, (0..<count).map { _ in numbers.floats(20) }, k: 10, "\(count) queries")
    }
  }

  @Test func everyK() throws {
    var numbers = SeededNumbers(9)
    let rows = (0..<1500).map { _ in numbers.floats(12) }
    let fixture = RowFixture([Array(rows[..<900]), Array(rows[900...])], dimensions: 12)
    let queries = (0..<4).map { _ in numbers.floats(12) }
    for k in [1, 2, 3, 100, 499, 1499, 1500, 1501, .max] { try check(fixture, queries, k: k, "k = \(k)") }
  }

  @Test func masks() throws {
    var numbers = SeededNumbers(10)
    let rows = (0..<2000).map { _ in numbers.floats(24) }
    let queries = (0..<6).map { _ in numbers.floats(24) }
    for share in [0.0, 0.002, 0.05, 0.3, 0.9, 1.0] {
      let fixture = RowFixture([Array(rows[..<777]), Array(rows[777..<778]), Array(rows[778...])], dimensions: 24)
      fixture.masks = fixture.blocks.map { block in
        (0...block.count / 64).map { _ in
          (0..<64).reduce(UInt64(0)) { $0 | (Double.random(in: 0..<1, using: &numbers) < share ? 1 << $1 : 0) }
        }
      }
      try check(fixture, queries, k: 10, "masked \(share)")
      fixture.masks[2] = nil
      try check(fixture, queries, k: 10, "partly masked \(share)")
    }
  }

  @Test func equalRowsAreOrderedByID() throws {
    var numbers = SeededNumbers(11)
    let few = (0..<4).map { _ in numbers.floats(31) }
    let rows = (0..<3000).map { few[$0 % 4] }
    let fixture = RowFixture([Array(rows[..<1000]), Array(rows[1000...])], dimensions: 31)
    try check(fixture, few + (0..<5).map { _ in numbers.floats(31) }, k: 17, "four distinct rows")
    let same = RowFixture([(0..<5000).map { _ in few[0] }], dimensions: 31)
    try check(same, few, k: 3, "one distinct row")
  }

  /// Distances that differ in the last bits of a float, or only behind them, around large norms.
  @Test func nearlyEqualRows() throws {
    var numbers = SeededNumbers(12)
    let base = numbers.floats(64, scale: 100)
    let rows = (0..<2000).map { _ in
      var row = base
      let at = Int.random(in: 0..<64, using: &numbers)
      row[at] = Bool.random(using: &numbers) ? row[at].nextUp : row[at] * 1.0001
      return row
    }
    let fixture = RowFixture([rows], dimensions: 64)
    let queries = [base, base.map { $0 * 3 }, numbers.floats(64), base.map { -$0 }, numbers.floats(64, scale: 100)]
    try check(fixture, queries, k: 10, "nearly equal")
  }

  @Test func hugeAndTinyNorms() throws {
    var numbers = SeededNumbers(13)
    let scales: [Float] = [1e17, 1e10, 1, 1e-10, 1e-19, 1e-21, 1e-30, 1e-38, 0x1p-136, .leastNonzeroMagnitude]
    for mixed in [false, true] {
      for scale in scales {
        let rows = (0..<400).map { i in numbers.floats(33, scale: mixed ? scales[i % scales.count] : scale) }
        let fixture = RowFixture([rows], dimensions: 33)
        let queries = scales.map { numbers.floats(33, scale: $0) } + [numbers.floats(33, scale: 1e30), rows[0]]
        try check(fixture, queries, k: 10, "scale \(scale)")
        for query in queries { try check(fixture, [query], k: 10, "scale \(scale)") }
        if mixed { break }
      }
    }
  }

  /// The largest norm there may be, on both sides of the origin: squares of differences are near the end of float32, and
  /// queries beyond it give sums that are infinite or NaN. No row may be lost by that.
  @Test func largestNorms() throws {
    var numbers = SeededNumbers(20)
    for dimensions in [1, 2, 17, 64, 100] {
      let rows: [[Float]] = (0..<300).map { i in
        var row = [Float](repeating: 0, count: dimensions)
        row[i % dimensions] = (i % 2 == 0 ? 1e18 : -1e18) * (1 - Float(i / 7) * 0x1p-20)
        return row
      }
      let fixture = RowFixture([rows], dimensions: dimensions, padding: 3, shift: 1)
      let beyond: [Float] = [1e18, -1e18, 3e18, 1e20, 3e38]
      let queries = beyond.map { [Float](repeating: $0, count: dimensions) } + [rows[5], numbers.floats(dimensions)]
      try check(fixture, queries, k: 12, "norms of 1e18, d = \(dimensions)")
      for query in queries { try check(fixture, [query], k: 12, "norms of 1e18, d = \(dimensions)") }
    }
  }

  /// Rows longer than what is asked of memory ahead, and a filter that leaves a few of them.
  @Test func longRows() throws {
    var numbers = SeededNumbers(21)
    for dimensions in [1151, 1152, 1217, 1600, 3071, 3072, 3073, 3137, 7001] {
      let rows = (0..<90).map { _ in numbers.floats(dimensions) }
      let fixture = RowFixture([Array(rows[..<70]), Array(rows[70...])], dimensions: dimensions, padding: 1, shift: 1)
      let queries = (0..<3).map { _ in numbers.floats(dimensions) }
      try check(fixture, queries, k: 4, "d = \(dimensions)")
      fixture.masks = [[0x8000_0100_0000_0003, 0x21], [0x8_0001]]
      try check(fixture, queries, k: 4, "masked, d = \(dimensions)")
    }
  }

  @Test func zeroVectors() throws {
    var numbers = SeededNumbers(14)
    let zero = [Float](repeating: 0, count: 9)
    let fixture = RowFixture([(0..<300).map { $0 % 3 == 0 ? zero : numbers.floats(9) }], dimensions: 9)
    try check(fixture, [zero, numbers.floats(9), numbers.floats(9), numbers.floats(9)], k: 150, "zeros")
  }

  @Test func threadsGiveTheSameAnswer() throws {
    var numbers = SeededNumbers(15)
    let rows = (0..<20000).map { _ in numbers.floats(40) }
    let fixture = RowFixture([Array(rows[..<9000]), Array(rows[9000...])], dimensions: 40)
    let queries = (0..<20).map { _ in numbers.floats(40) }
    for metric in Metric.allCases {
      let alone = try fixture.search(metric, queries, k: 30)
      for threads in [2, 3, 8] {
        #expect(try fixture.search(metric, queries, k: 30, threads: threads) == alone)
      }
      #expect(alone[0] == fixture.expected(metric, queries[0], k: 30))
    }
  }

  @Test func largestDimension() throws {
    var numbers = SeededNumbers(16)
    let rows = (0..<70).map { _ in numbers.floats(65536) }
    let fixture = RowFixture([rows], dimensions: 65536)
    try check(fixture, (0..<3).map { _ in numbers.floats(65536) }, k: 3, "d = 65536")
  }

  @Test func aVectorIsAtDistanceZeroOfItself() throws {
    var numbers = SeededNumbers(17)
    let rows = (0..<500).map { _ in numbers.floats(384) }
    let fixture = RowFixture([rows], dimensions: 384)
    for metric in [Metric.cosine, .l2] {
      for (index, hits) in try fixture.search(metric, rows, k: 1).enumerated() {
        #expect(hits == [RowFixture.Hit(block: 0, row: index, bits: 0)])
      }
    }
  }

  @Test func stopsWhenTold() throws {
    var numbers = SeededNumbers(18)
    let rows = (0..<200).map { _ in numbers.floats(16) }
    let fixture = RowFixture([rows], dimensions: 16)
    let cancel = CancelToken()
    cancel.cancel()
    for (context, status) in [
      (CallContext(cancel: cancel), Status.cancelled), (CallContext(deadline: 1), .timeout),
    ] {
      for queries in [1, 5] {
        let failure = #expect(throws: VectorError.self) {
          try fixture.search(.dot, Array(rows[..<queries]), k: 3, context: context)
        }
        #expect(failure?.status == status)
      }
    }
  }

  @Test func refusesQueriesOfAnotherDimension() throws {
    let search = ExactSearch(metric: .dot, dimensions: 3)
    let failure = #expect(throws: VectorError.self) {
      try search.search(
        queries: VectorRows(base: nil, count: 1, dimensions: 4, strideBytes: 16), k: 1, blocks: [],
        compareIDs: { _, _ in 0 }, threads: 1, context: .unbounded)
    }
    #expect(failure?.status == .dimensionMismatch)
  }
}
