import CSupport

// Sums in double over eight lanes: component i goes to lane i mod 8, the lanes are folded in one fixed order. A product of
// two floats is exact in a double, a squared difference is multiplied and then added, never fused: every build returns
// the same bits.

@inline(__always)
private func eightLaneSum(
  _ count: Int, _ term: (_ component: Int) -> SIMD8<Double>, _ last: (_ component: Int, _ count: Int) -> SIMD8<Double>
) -> Double {
  var sum = SIMD8<Double>(repeating: 0)
  var i = 0
  while i &+ 8 <= count {
    sum += term(i)
    i &+= 8
  }
  if i < count { sum += last(i, count &- i) }
  return vdb_sum_d8(sum)
}

@inline(__always)
func squaredNorm(_ row: UnsafeRawPointer, _ count: Int) -> Double {
  eightLaneSum(count) { i in
    let x = vdb_widen_d8(row + i &* 4)
    return x * x
  } _: { i, n in
    let x = vdb_widen_partial_d8(row + i &* 4, n)
    return x * x
  }
}

@inline(__always)
func exactDot(_ query: UnsafeRawPointer, _ row: UnsafeRawPointer, _ count: Int) -> Double {
  eightLaneSum(count) { i in
    vdb_widen_d8(query + i &* 4) * vdb_widen_d8(row + i &* 4)
  } _: { i, n in
    vdb_widen_partial_d8(query + i &* 4, n) * vdb_widen_partial_d8(row + i &* 4, n)
  }
}

@inline(__always)
func squaredDistance(_ query: UnsafeRawPointer, _ row: UnsafeRawPointer, _ count: Int) -> Double {
  eightLaneSum(count) { i in
    let difference = vdb_widen_d8(query + i &* 4) - vdb_widen_d8(row + i &* 4)
    return difference * difference
  } _: { i, n in
    let difference = vdb_widen_partial_d8(query + i &* 4, n) - vdb_widen_partial_d8(row + i &* 4, n)
    return difference * difference
  }
}

/// Both sums of one pass over the row: the same bits as `exactDot` and `squaredNorm`.
@inline(__always)
func dotAndNorm(
  _ query: UnsafeRawPointer, _ row: UnsafeRawPointer, _ count: Int, _ out: UnsafeMutablePointer<Double>
) {
  var dot = SIMD8<Double>(repeating: 0)
  var norm = SIMD8<Double>(repeating: 0)
  var i = 0
  while i &+ 8 <= count {
    let x = vdb_widen_d8(row + i &* 4)
    dot += vdb_widen_d8(query + i &* 4) * x
    norm += x * x
    i &+= 8
  }
  if i < count {
    let x = vdb_widen_partial_d8(row + i &* 4, count &- i)
    dot += vdb_widen_partial_d8(query + i &* 4, count &- i) * x
    norm += x * x
  }
  out[0] = vdb_sum_d8(dot)
  out[1] = vdb_sum_d8(norm)
}
