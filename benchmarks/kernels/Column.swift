import Support
import VectorIndex
import VectorKernels
import VectorModel

/// Rows, and queries to search them for.
final class Workload: @unchecked Sendable {
  let rows: Rows
  let batch: Int
  private let queries: [Float]

  init(rows: Rows, batch: Int) {
    self.rows = rows
    self.batch = batch
    queries = rows.queries(max(batch, 20))
  }

  /// Searches for `count` queries from `first` on; the answer is not looked at.
  func search(_ table: KernelTable, _ metric: Metric, first: Int, count: Int, threads: Int) {
    let dimensions = rows.dimensions
    queries.withUnsafeBytes { bytes in
      let start = bytes.baseAddress.map { $0 + first * dimensions * 4 }
      _ = try? ExactSearch(metric: metric, dimensions: dimensions, kernels: table).search(
        queries: VectorRows(base: start, count: count, dimensions: dimensions, strideBytes: dimensions * 4), k: 10,
        blocks: [rows.block], compareIDs: { Int($0.row) - Int($1.row) }, threads: threads, context: .unbounded)
    }
  }
}

/// The cases of one instruction set and number of threads.
struct Column {
  let table: KernelTable
  let threads: Int
  /// One stream and four.
  let reads: [Case]
  let peak: Case
  let singles: [Case]
  let batches: [Case]
  private let bytes: Int
  private static let peakRounds: UInt64 = 1_000_000

  init(_ table: KernelTable, _ work: Workload, threads: Int) {
    self.table = table
    self.threads = threads
    bytes = work.rows.bytes
    reads = [1, 4].map { streams in
      Case { readAll(table.level, streams: streams, work.rows, threads: threads) }
    }
    peak = Case { multiply(table.level, rounds: Column.peakRounds) }
    singles = Metric.allCases.map { metric in
      Case { work.search(table, metric, first: 7, count: 1, threads: threads) }
    }
    batches = Metric.allCases.map { metric in
      Case { work.search(table, metric, first: 0, count: work.batch, threads: threads) }
    }
  }

  /// Bytes a second.
  var readRate: Double { Double(bytes) / (reads.map(\.seconds).min() ?? .infinity) }

  /// Operations a second of all threads, as if each had a core of its own.
  var peakRate: Double {
    multiply(table.level, rounds: 1) * Double(Column.peakRounds) / peak.seconds * Double(threads)
  }
}
