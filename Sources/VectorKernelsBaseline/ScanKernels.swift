import CSupport

// One query against many rows: four rows at a time, so that the query is loaded once for four. From AVX2 on memory is the
// limit, not arithmetic.

typealias Rows = UnsafePointer<UnsafePointer<Float>?>

@inline(__always)
private func scan(
  _ query: UnsafePointer<Float>, _ rows: Rows, _ rowCount: Int, _ count: Int, _ out: UnsafeMutablePointer<Float>,
  _ add: (_ sum: Lanes, _ query: Lanes, _ row: Lanes) -> Lanes
) {
  let whole = count &- count % laneCount
  var r = 0
  while r &+ 4 <= rowCount {
    guard let x0 = rows[r], let x1 = rows[r &+ 1], let x2 = rows[r &+ 2], let x3 = rows[r &+ 3] else { return }
    var s0 = Lanes(repeating: 0)
    var s1 = s0
    var s2 = s0
    var s3 = s0
    var i = 0
    while i < whole {
      let q = load(query + i)
      s0 = add(s0, q, load(x0 + i))
      s1 = add(s1, q, load(x1 + i))
      s2 = add(s2, q, load(x2 + i))
      s3 = add(s3, q, load(x3 + i))
      i &+= laneCount
    }
    if i < count {
      let n = count &- i
      let q = load(query + i, partial: n)
      s0 = add(s0, q, load(x0 + i, partial: n))
      s1 = add(s1, q, load(x1 + i, partial: n))
      s2 = add(s2, q, load(x2 + i, partial: n))
      s3 = add(s3, q, load(x3 + i, partial: n))
    }
    out[r] = laneSum(s0)
    out[r &+ 1] = laneSum(s1)
    out[r &+ 2] = laneSum(s2)
    out[r &+ 3] = laneSum(s3)
    r &+= 4
  }
  while r < rowCount {
    guard let x = rows[r] else { return }
    var sum = Lanes(repeating: 0)
    var i = 0
    while i < whole {
      sum = add(sum, load(query + i), load(x + i))
      i &+= laneCount
    }
    if i < count { sum = add(sum, load(query + i, partial: count &- i), load(x + i, partial: count &- i)) }
    out[r] = laneSum(sum)
    r &+= 1
  }
}

@inline(__always)
func scanDot(
  _ query: UnsafePointer<Float>, _ rows: Rows, _ rowCount: Int, _ count: Int, _ out: UnsafeMutablePointer<Float>
) {
  scan(query, rows, rowCount, count, out) { sum, q, x in multiplyAdd(sum, q, x) }
}

@inline(__always)
func scanSquaredDistance(
  _ query: UnsafePointer<Float>, _ rows: Rows, _ rowCount: Int, _ count: Int, _ out: UnsafeMutablePointer<Float>
) {
  scan(query, rows, rowCount, count, out) { sum, q, x in
    let difference = q - x
    return multiplyAdd(sum, difference, difference)
  }
}

@inline(__always)
func scanSelect(
  _ values: UnsafeMutablePointer<Float>, _ scale: UnsafePointer<Float>, _ offset: UnsafePointer<Float>, _ count: Int,
  _ cut: Float
) -> UInt64 {
  let limit = Lanes(repeating: cut)
  var mask: UInt64 = 0
  var i = 0
  while i < count {
    let value = multiplyAdd(load(offset + i), load(values + i), load(scale + i))
    store(value, values + i)
    mask |= notLess(value, limit) &<< UInt64(truncatingIfNeeded: i)
    i &+= laneCount
  }
  return count >= 64 ? mask : mask & ((1 &<< UInt64(truncatingIfNeeded: count)) &- 1)
}
