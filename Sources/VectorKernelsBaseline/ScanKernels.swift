import CSupport

// One query against many rows, row after row in the order of memory. A loop that walks several rows at once loads the query
// less often, but the hardware's prefetcher follows one stream better than four short ones, and the window of instructions in
// flight holds fewer lines: measured at a third of the speed with SSE2. Four sums hide the latency of adding, and lines are
// asked for some kilobytes before they are needed, which also covers the jumps of a filter. Not built for AVX-512, which takes
// the scans of AVX2 (KernelTable).

/// Components that one turn of the inner loop takes.
private let step = 4 &* laneCount
/// Components between what is asked for and what is worked on, as measured best: narrow registers see less far on their own.
#if VDB_FMA
  private let prefetchDistance = 1536
#else
  private let prefetchDistance = 3072
#endif

/// Four sums of one row, each over every fourth vector.
private struct Sums {
  var a = Lanes(repeating: 0)
  var b = Lanes(repeating: 0)
  var c = Lanes(repeating: 0)
  var d = Lanes(repeating: 0)

  @inline(__always) init() {}

  @inline(__always) var total: Float { laneSum((a + b) + (c + d)) }
}

/// Asks for `count` components, whole lines.
@inline(__always)
private func prefetch(_ from: UnsafePointer<Float>, _ count: Int) {
  var i = 0
  while i < count {
    vdb_prefetch(from + i)
    i &+= 16
  }
}

@inline(__always)
private func scan(
  _ query: UnsafePointer<Float>, _ rows: Rows, _ rowCount: Int, _ count: Int, _ out: UnsafeMutablePointer<Float>,
  _ add: (_ sum: Lanes, _ query: Lanes, _ row: Lanes) -> Lanes
) {
  let whole = count &- count % step
  // Short rows: a later row is asked for. Long rows: the row's own end, and the next row's start from `turn` on.
  let turn = max(0, whole &- prefetchDistance)
  let ahead = turn > 0 ? 1 : min(Int(VDB_SCAN_AHEAD), max(1, prefetchDistance / max(1, count)))

  @inline(__always)
  func take(_ sums: inout Sums, _ x: UnsafePointer<Float>, _ range: Range<Int>, next: UnsafePointer<Float>) {
    var i = range.lowerBound
    while i < range.upperBound {
      prefetch(next + i, step)
      sums.a = add(sums.a, load(query + i), load(x + i))
      sums.b = add(sums.b, load(query + i + laneCount), load(x + i + laneCount))
      sums.c = add(sums.c, load(query + i + 2 &* laneCount), load(x + i + 2 &* laneCount))
      sums.d = add(sums.d, load(query + i + 3 &* laneCount), load(x + i + 3 &* laneCount))
      i &+= step
    }
  }

  var r = 0
  while r < rowCount {
    guard let x = rows[r], let next = rows[r &+ ahead] else { return }
    var sums = Sums()
    take(&sums, x, 0..<turn, next: x + prefetchDistance)
    take(&sums, x, turn..<whole, next: next - turn)
    var i = whole
    if i < count { prefetch(next - turn + i, count &- i) }
    while i &+ laneCount <= count {
      sums.a = add(sums.a, load(query + i), load(x + i))
      i &+= laneCount
    }
    if i < count { sums.b = add(sums.b, load(query + i, partial: count &- i), load(x + i, partial: count &- i)) }
    out[r] = sums.total
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
