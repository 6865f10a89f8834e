import CKernelLimits
import Support
import VectorKernels

/// Reads every byte of the rows and does next to nothing with it.
func readAll(_ rows: Rows, threads: Int) {
  let parts = threads == 1 ? 1 : threads * 8
  let bytes = rows.bytes / parts & ~255
  let sums = UnsafeMutablePointer<UInt64>.allocate(capacity: parts)
  WorkerPool.shared.run(tasks: parts, threads: threads) { part in
    sums[part] = limits_read(UnsafeRawPointer(rows.vectors) + bytes * part, bytes)
  }
  // Used, so that reading cannot be left out.
  if sums[0] == 0x5eed { print("(lucky sum)") }
  sums.deallocate()
}

/// Multiply-adds a second that one core makes in registers.
func multiplyPeak(_ level: KernelLevel) -> Double {
  let number: Int32 =
    switch level {
    case .baseline: 0
    case .avx2: 1
    case .avx512: 2
    }
  var operations = 0.0
  let seconds = fastest(runs: 10) { operations = limits_multiply(number, 3_000_000) }
  return operations / seconds
}
