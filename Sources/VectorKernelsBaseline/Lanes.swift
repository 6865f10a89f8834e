import CSupport

/// First components of rows anywhere in memory.
typealias Rows = UnsafePointer<UnsafePointer<Float>?>

// The widest vector this build may use, and the few steps the kernels are made of. Everything is inlined: a shared generic
// specialisation would be one weak symbol for three instruction sets, and the linker might keep the wrong one.

#if VDB_AVX512
  typealias Lanes = SIMD16<Float>
#elseif VDB_FMA
  typealias Lanes = SIMD8<Float>
#else
  typealias Lanes = SIMD4<Float>
#endif

#if VDB_AVX512
  let laneCount = 16
#elseif VDB_FMA
  let laneCount = 8
#else
  let laneCount = 4
#endif

@inline(__always)
func load(_ from: UnsafePointer<Float>) -> Lanes {
  UnsafeRawPointer(from).loadUnaligned(as: Lanes.self)
}

@inline(__always)
func store(_ value: Lanes, _ to: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(to).storeBytes(of: value, as: Lanes.self)
}

/// The first `count` floats, fewer than the lanes, and zeros.
@inline(__always)
func load(_ from: UnsafePointer<Float>, partial count: Int) -> Lanes {
  #if VDB_AVX512
    vdb_load_partial_f16(from, count)
  #elseif VDB_FMA
    vdb_load_partial_f8(from, count)
  #else
    vdb_load_partial_f4(from, count)
  #endif
}

/// `sum + a * b`, with one rounding where the processor can and two where a fused product would be a library call.
@inline(__always)
func multiplyAdd(_ sum: Lanes, _ a: Lanes, _ b: Lanes) -> Lanes {
  #if VDB_FMA
    sum.addingProduct(a, b)
  #else
    sum + a * b
  #endif
}

@inline(__always)
func laneSum(_ value: Lanes) -> Float {
  #if VDB_AVX512
    vdb_sum_f16(value)
  #elseif VDB_FMA
    vdb_sum_f8(value)
  #else
    vdb_sum_f4(value)
  #endif
}

/// Bit i is set unless lane i of `value` is less than lane i of `limit`; a NaN is never less.
@inline(__always)
func notLess(_ value: Lanes, _ limit: Lanes) -> UInt64 {
  #if VDB_AVX512
    vdb_not_less_f16(value, limit)
  #elseif VDB_FMA
    vdb_not_less_f8(value, limit)
  #else
    vdb_not_less_f4(value, limit)
  #endif
}
