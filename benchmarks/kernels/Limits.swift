import CKernelLimits
import Support
import VectorKernels

/// Reads every byte of the rows with the registers of a level and does next to nothing with it.
func readAll(_ level: KernelLevel, streams: Int32, _ rows: Rows, threads: Int) {
  let parts = threads == 1 ? 1 : threads * 8
  let bytes = rows.bytes / parts & ~255
  let sums = UnsafeMutablePointer<UInt64>.allocate(capacity: parts)
  WorkerPool.shared.run(tasks: parts, threads: threads) { part in
    sums[part] = limits_read(level.number, streams, UnsafeRawPointer(rows.vectors) + bytes * part, bytes)
  }
  // Used, so that reading cannot be left out.
  if sums[0] == 0x5eed { print("(lucky sum)") }
  sums.deallocate()
}

/// Multiply-adds in registers alone; returns the operations made.
@discardableResult
func multiply(_ level: KernelLevel, rounds: UInt64) -> Double { limits_multiply(level.number, rounds) }

extension KernelLevel {
  /// The level as C counts it.
  fileprivate var number: Int32 {
    switch self {
    case .baseline: 0
    case .avx2: 1
    case .avx512: 2
    }
  }
}
