import Support
import VectorIndex
import VectorKernels
import VectorModel

/// Rows in blocks with ids, the search under test, and a plain search in double to compare with.
final class RowFixture: @unchecked Sendable {
  let dimensions: Int
  let stride: Int
  /// Rows of each block.
  let blocks: [[[Float]]]
  var masks: [[UInt64]?]
  /// Order number of each row's id, by block and row.
  let ids: [[Int]]
  private let memory: [(vectors: UnsafeMutablePointer<Float>, norms: UnsafeMutablePointer<Float>)]
  private let shift: Int

  /// `shift` floats before the first row make it unaligned.
  init(_ blocks: [[[Float]]], dimensions: Int, padding: Int = 0, shift: Int = 0, seed: UInt64 = 1) {
    self.dimensions = dimensions
    self.blocks = blocks
    let stride = dimensions + padding
    self.stride = stride
    self.shift = shift
    masks = blocks.map { _ in nil }
    var numbers = SeededNumbers(seed)
    let total = blocks.reduce(0) { $0 + $1.count }
    var order = Array(0..<total).shuffled(using: &numbers)
    ids = blocks.map { rows in rows.map { _ in order.removeLast() } }
    memory = blocks.map { rows in
      let vectors = UnsafeMutablePointer<Float>.allocate(capacity: rows.count * stride + shift + 1) + shift
      let norms = UnsafeMutablePointer<Float>.allocate(capacity: rows.count + 1)
      for (r, row) in rows.enumerated() {
        for (i, x) in row.enumerated() { vectors[r * stride + i] = x }
        for i in dimensions..<stride { vectors[r * stride + i] = .nan }
        norms[r] = RowNumbers.compute(vectors + r * stride, dimensions: dimensions).norm
      }
      return (vectors, norms)
    }
  }

  deinit {
    for (vectors, norms) in memory {
      (vectors - shift).deallocate()
      norms.deallocate()
    }
  }

  /// One answer as something to compare: block, row, bits of the distance.
  struct Hit: Equatable, CustomStringConvertible {
    let block: Int
    let row: Int
    let bits: UInt32
    var description: String { "(\(block),\(row) \(Float(bitPattern: bits)))" }
  }

  func search(
    _ metric: Metric, _ queries: [[Float]], k: Int, table: KernelTable = .active, threads: Int = 1,
    context: CallContext = .unbounded
  ) throws -> [[Hit]] {
    let flat = queries.flatMap { $0 }
    return try flat.withUnsafeBytes { bytes in
      let rows = VectorRows(
        base: bytes.baseAddress, count: queries.count, dimensions: dimensions, strideBytes: dimensions * 4)
      return try withBlocks { blocks in
        let ids = self.ids
        let lists = try ExactSearch(metric: metric, dimensions: dimensions, kernels: table).search(
          queries: rows, k: k, blocks: blocks,
          compareIDs: { ids[Int($0.block)][Int($0.row)] - ids[Int($1.block)][Int($1.row)] },
          threads: threads, context: context)
        return (0..<lists.count).map { q in
          lists[q].map {
            Hit(block: Int($0.reference.block), row: Int($0.reference.row), bits: $0.distance.bitPattern)
          }
        }
      }
    }
  }

  private func withBlocks<Result>(_ body: ([RowBlock]) throws -> Result) rethrows -> Result {
    var masks: [UnsafeMutablePointer<UInt64>?] = []
    for mask in self.masks {
      guard let mask else {
        masks.append(nil)
        continue
      }
      let words = UnsafeMutablePointer<UInt64>.allocate(capacity: mask.count + 1)
      for (i, word) in mask.enumerated() { words[i] = word }
      masks.append(words)
    }
    defer { for mask in masks { mask?.deallocate() } }
    return try body(
      blocks.indices.map { b in
        RowBlock(
          vectors: memory[b].vectors, stride: stride, norms: memory[b].norms, count: blocks[b].count,
          mask: masks[b].map { UnsafePointer($0) })
      })
  }

  /// The same answer from plain loops, written without the kernels.
  func expected(_ metric: Metric, _ query: [Float], k: Int) -> [Hit] {
    var all: [(distance: Float, id: Int, block: Int, row: Int)] = []
    for (b, rows) in blocks.enumerated() {
      for (r, row) in rows.enumerated() {
        if let mask = masks[b], mask[r / 64] >> UInt64(r % 64) & 1 == 0 { continue }
        all.append((plainDistance(metric, query, row), ids[b][r], b, r))
      }
    }
    all.sort { ($0.distance, $0.id) < ($1.distance, $1.id) }
    return all.prefix(k).map { Hit(block: $0.block, row: $0.row, bits: $0.distance.bitPattern) }
  }
}

/// The one distance as its definition says it: eight sums in double, folded in one order.
func plainDistance(_ metric: Metric, _ query: [Float], _ row: [Float]) -> Float {
  func sum(_ term: (Double, Double) -> Double) -> Double {
    var lanes = [Double](repeating: 0, count: 8)
    for i in query.indices { lanes[i % 8] += term(Double(query[i]), Double(row[i])) }
    let four = (0..<4).map { lanes[$0] + lanes[$0 + 4] }
    return (four[0] + four[2]) + (four[1] + four[3])
  }
  switch metric {
  case .dot: return Float(-sum { $0 * $1 })
  case .l2: return Float(sum { ($0 - $1) * ($0 - $1) }.squareRoot())
  case .cosine:
    let product = (sum { q, _ in q * q } * sum { _, x in x * x }).squareRoot()
    return product == 0 ? 1 : Float(min(max(1 - sum { $0 * $1 } / product, 0), 2))
  }
}
