import CSupport

/// An instruction set the kernels are built for, lowest first.
package enum KernelLevel: String, Sendable, CaseIterable {
  case baseline
  case avx2
  case avx512

  /// The levels this processor can run, lowest first; the first is always there.
  package static let supported: [KernelLevel] = {
    switch vdb_cpu_level() {
    case VDB_CPU_AVX512: [.baseline, .avx2, .avx512]
    case VDB_CPU_AVX2: [.baseline, .avx2]
    default: [.baseline]
    }
  }()
}
