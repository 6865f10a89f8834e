// What the machine can do, and what the search makes of it, in the same run: bandwidth of reading, peak of multiplying, and the
// exact search as a share of each. Usage: kernel-bench [rows] [dimensions] [batch]

import Support
import VectorIndex
import VectorKernels
import VectorModel

let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
let rowCount = arguments.first ?? 60_000
let dimensions = arguments.dropFirst().first ?? 384
let batch = arguments.dropFirst(2).first ?? 1000
let threads = WorkerPool.shared.parallelism

let rows = Rows(count: rowCount, dimensions: dimensions)
let queries = rows.queries(max(batch, 20))
print("\(CPUFeatures.current.architecture) \(CPUFeatures.current.level), \(threads) processors")
print("\(rowCount) rows × \(dimensions), \(rows.bytes >> 20) MiB, k = 10")

func search(_ table: KernelTable, _ metric: Metric, first: Int, count: Int, threads: Int) -> NeighborLists? {
  queries.withUnsafeBytes { bytes in
    let start = bytes.baseAddress.map { $0 + first * dimensions * 4 }
    return try? ExactSearch(metric: metric, dimensions: dimensions, kernels: table).search(
      queries: VectorRows(base: start, count: count, dimensions: dimensions, strideBytes: dimensions * 4), k: 10,
      blocks: [rows.block], compareIDs: { Int($0.row) - Int($1.row) }, threads: threads, context: .unbounded)
  }
}

var readRates: [Int: Double] = [:]
for used in Set([1, threads]).sorted() {
  let rate = Double(rows.bytes) / fastest(runs: 15) { readAll(rows, threads: used) }
  readRates[used] = rate
  print("read, \(used) thread(s): \(decimal(rate * 1e-9)) GB/s")
}

for table in KernelTable.supported {
  let peak = multiplyPeak(table.level)
  print("\(table.level): peak \(decimal(peak * 1e-9)) GFLOP/s a core")
  for metric in Metric.allCases {
    for used in Set([1, threads]).sorted() {
      let single = fastest(runs: 15) { _ = search(table, metric, first: 7, count: 1, threads: used) }
      let rate = Double(rows.bytes) / single
      let many = fastest(runs: 3) { _ = search(table, metric, first: 0, count: batch, threads: used) }
      let work = Double(rows.bytes / 2) * Double(batch) / many
      print(
        "  \(padded(metric.rawValue, 7)) \(used) thread(s): "
          + "single \(decimal(1 / single)) q/s, \(decimal(rate * 1e-9)) GB/s = "
          + "\(decimal(rate / (readRates[used] ?? 1) * 100)) % of reading; "
          + "batch of \(batch) \(decimal(Double(batch) / many)) q/s, \(decimal(work * 1e-9)) GFLOP/s = "
          + "\(decimal(work / peak / Double(used) * 100)) % of peak")
    }
  }
}
