// What the machine can do, and what the search makes of it, in the same run: bandwidth of reading, peak of multiplying,
// and the exact search as a share of each. Usage: kernel-bench [rows] [dimensions] [batch] [rounds]

import Glibc
import Support
import VectorIndex
import VectorKernels
import VectorModel

let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
let rowCount = arguments.first ?? 60_000
let dimensions = arguments.dropFirst().first ?? 384
let batch = arguments.dropFirst(2).first ?? 480
let rounds = arguments.dropFirst(3).first ?? 30
let threads = WorkerPool.shared.parallelism

guard let rows = Rows(count: rowCount, dimensions: dimensions) else {
  print("no memory for \(rowCount) rows of \(dimensions)")
  exit(1)
}
let work = Workload(rows: rows, batch: batch)
print("\(CPUFeatures.current.architecture) \(CPUFeatures.current.level), \(threads) processors")
print(
  "\(rowCount) rows × \(dimensions), \(rows.bytes >> 20) MiB, k = 10, fastest of \(rounds) rounds of all cases by turns"
)
for used in Set([1, threads]).sorted() {
  let columns = KernelTable.supported.map { Column($0, work, threads: used) }
  Case.run(columns.flatMap { $0.reads + $0.singles + [$0.peak] }, rounds: rounds)
  Case.run(columns.flatMap { $0.batches + [$0.peak] }, rounds: max(1, rounds / 6))
  let limit = columns.map(\.readRate).max() ?? .infinity
  print("\n\(used) thread(s): memory gives \(decimal(limit * 1e-9)) GB/s, by the best way to read that was found")
  print("                   one query                            batch of \(batch)")
  print("                   q/s     GB/s  % of limit             q/s  GFLOP/s   % of peak")
  for column in columns {
    print(
      "\(padded(column.table.level.rawValue, 16))reading\(aligned(column.readRate * 1e-9, 6))"
        + "\(aligned(column.readRate / limit * 100, 8))               peak\(aligned(column.peakRate * 1e-9, 9))")
    for (metric, (single, many)) in zip(Metric.allCases, zip(column.singles, column.batches)) {
      let rate = Double(rows.bytes) / single.seconds
      let operations = Double(rows.bytes / 2) * Double(batch) / many.seconds
      print(
        "  \(padded(metric.rawValue, 10))\(aligned(1 / single.seconds, 10)) \(aligned(rate * 1e-9, 8))"
          + "\(aligned(rate / limit * 100, 8))    \(aligned(Double(batch) / many.seconds, 16))"
          + "\(aligned(operations * 1e-9, 9))\(aligned(operations / column.peakRate * 100, 10))")
    }
  }
}
