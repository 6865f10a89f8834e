import CSupport

// Many queries against many rows: a matrix product. A tile keeps the sums of a few rows against up to three vectors of
// queries in registers; queries are packed once, component by component, rows are read where they lie, each component
// spread over a register. 8 × 3 sums fill the 32 registers of AVX-512. With 16 registers 4 × 2 sums are enough chains to
// hide the latency, and leave room for what they are made of; 4 × 3 are spilled to memory, at half the speed.

#if VDB_AVX512
  let tileRowCount = 8
  let tileVectorCount = 3
#else
  let tileRowCount = 4
  let tileVectorCount = 2
#endif

/// The sums of one row against one, two or three vectors of queries.
protocol RowSums {
  init()
  static var width: Int { get }
  mutating func add(_ component: Float, _ panel: UnsafePointer<Float>)
  func write(_ out: UnsafeMutablePointer<Float>, adding: Bool)
}

struct RowSums1: RowSums {
  var a = Lanes(repeating: 0)

  @inline(__always) init() {}
  @inline(__always) static var width: Int { laneCount }

  @inline(__always)
  mutating func add(_ component: Float, _ panel: UnsafePointer<Float>) {
    a = multiplyAdd(a, Lanes(repeating: component), load(panel))
  }

  @inline(__always)
  func write(_ out: UnsafeMutablePointer<Float>, adding: Bool) {
    store(adding ? load(out) + a : a, out)
  }
}

struct RowSums2: RowSums {
  var a = Lanes(repeating: 0)
  var b = Lanes(repeating: 0)

  @inline(__always) init() {}
  @inline(__always) static var width: Int { 2 &* laneCount }

  @inline(__always)
  mutating func add(_ component: Float, _ panel: UnsafePointer<Float>) {
    let x = Lanes(repeating: component)
    a = multiplyAdd(a, x, load(panel))
    b = multiplyAdd(b, x, load(panel + laneCount))
  }

  @inline(__always)
  func write(_ out: UnsafeMutablePointer<Float>, adding: Bool) {
    store(adding ? load(out) + a : a, out)
    store(adding ? load(out + laneCount) + b : b, out + laneCount)
  }
}

struct RowSums3: RowSums {
  var a = Lanes(repeating: 0)
  var b = Lanes(repeating: 0)
  var c = Lanes(repeating: 0)

  @inline(__always) init() {}
  @inline(__always) static var width: Int { 3 &* laneCount }

  @inline(__always)
  mutating func add(_ component: Float, _ panel: UnsafePointer<Float>) {
    let x = Lanes(repeating: component)
    a = multiplyAdd(a, x, load(panel))
    b = multiplyAdd(b, x, load(panel + laneCount))
    c = multiplyAdd(c, x, load(panel + 2 &* laneCount))
  }

  @inline(__always)
  func write(_ out: UnsafeMutablePointer<Float>, adding: Bool) {
    store(adding ? load(out) + a : a, out)
    store(adding ? load(out + laneCount) + b : b, out + laneCount)
    store(adding ? load(out + 2 &* laneCount) + c : c, out + 2 &* laneCount)
  }
}

@inline(__always)
func tile<Sums: RowSums>(
  _ sums: Sums.Type, _ panel: UnsafePointer<Float>, _ rows: Rows, _ from: Int, _ count: Int, _ adding: Bool,
  _ out: UnsafeMutablePointer<Float>
) {
  guard let row0 = rows[0], let row1 = rows[1], let row2 = rows[2], let row3 = rows[3] else { return }
  let x0 = row0 + from
  let x1 = row1 + from
  let x2 = row2 + from
  let x3 = row3 + from
  var s0 = Sums()
  var s1 = Sums()
  var s2 = Sums()
  var s3 = Sums()
  #if VDB_AVX512
    guard let row4 = rows[4], let row5 = rows[5], let row6 = rows[6], let row7 = rows[7] else { return }
    let x4 = row4 + from
    let x5 = row5 + from
    let x6 = row6 + from
    let x7 = row7 + from
    var s4 = Sums()
    var s5 = Sums()
    var s6 = Sums()
    var s7 = Sums()
  #endif
  var p = panel
  var i = 0
  while i < count {
    s0.add(x0[i], p)
    s1.add(x1[i], p)
    s2.add(x2[i], p)
    s3.add(x3[i], p)
    #if VDB_AVX512
      s4.add(x4[i], p)
      s5.add(x5[i], p)
      s6.add(x6[i], p)
      s7.add(x7[i], p)
    #endif
    p += Sums.width
    i &+= 1
  }
  s0.write(out, adding: adding)
  s1.write(out + Sums.width, adding: adding)
  s2.write(out + 2 &* Sums.width, adding: adding)
  s3.write(out + 3 &* Sums.width, adding: adding)
  #if VDB_AVX512
    s4.write(out + 4 &* Sums.width, adding: adding)
    s5.write(out + 5 &* Sums.width, adding: adding)
    s6.write(out + 6 &* Sums.width, adding: adding)
    s7.write(out + 7 &* Sums.width, adding: adding)
  #endif
}

@inline(__always)
func tileSelect(
  _ sums: UnsafeMutablePointer<Float>, _ scale: UnsafePointer<Float>, _ offset: UnsafePointer<Float>,
  _ cuts: UnsafePointer<Float>, _ vectors: Int, _ masks: UnsafeMutablePointer<UInt64>
) -> UInt64 {
  var any: UInt64 = 0
  var at = sums
  var row = 0
  while row < tileRowCount {
    let a = Lanes(repeating: scale[row])
    let b = Lanes(repeating: offset[row])
    var mask: UInt64 = 0
    var v = 0
    while v < vectors {
      let value = multiplyAdd(b, load(at), a)
      store(value, at)
      mask |= notLess(value, load(cuts + v &* laneCount)) &<< UInt64(truncatingIfNeeded: v &* laneCount)
      at += laneCount
      v &+= 1
    }
    masks[row] = mask
    any |= mask
    row &+= 1
  }
  return any
}
