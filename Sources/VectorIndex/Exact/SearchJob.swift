import CSupport
import Support
import VectorModel

/// What the workers of one search share: the rows, cut into units that each worker takes when it is ready for more.
final class SearchJob: @unchecked Sendable {
  let blocks: [RowBlock]
  let dimensions: Int
  let kernels: vdb_kernels
  let compareIDs: RowOrder
  let units: Int
  /// Rows whose exact distance may be computed before the next look at the context.
  let rowsBetweenPauses: Int
  private let context: CallContext
  /// Rows of a unit, a multiple of 64 so that units share no word of a mask.
  private let unitRows: Int
  /// Units before each block.
  private let firstUnits: [Int]
  private let nextUnit = AtomicWord(0)
  private let failed = AtomicWord(0)

  init(
    blocks: [RowBlock], dimensions: Int, kernels: vdb_kernels, compareIDs: @escaping RowOrder, context: CallContext
  ) {
    self.blocks = blocks
    self.dimensions = dimensions
    self.kernels = kernels
    self.compareIDs = compareIDs
    self.context = context
    rowsBetweenPauses = max(1, 400_000 / (dimensions + 16))
    unitRows = max(64, (128 * 1024 / dimensions) & ~63)
    var first: [Int] = []
    var units = 0
    for block in blocks {
      first.append(units)
      units += (block.count + unitRows - 1) / unitRows
    }
    firstUnits = first
    self.units = units
  }

  /// The next unit of rows nobody has taken, nil when there is none.
  func take() -> (block: Int, rows: Range<Int>)? {
    let unit = Int(truncatingIfNeeded: nextUnit.add(1))
    guard unit < units else { return nil }
    var low = 0
    var high = blocks.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if firstUnits[middle] <= unit { low = middle } else { high = middle }
    }
    let start = (unit - firstUnits[low]) * unitRows
    return (low, start..<min(start + unitRows, blocks[low].count))
  }

  /// Makes every unit available again, for the next group of queries.
  func rewind() { nextUnit.store(0) }

  /// To be called at least every millisecond: throws when the call must stop, or another worker failed.
  func pause() throws(VectorError) {
    if let interruption = context.interruption() { throw VectorError(interruption) }
    if failed.load() != 0 { throw VectorError(.cancelled, "another thread of this search failed") }
  }

  /// Tells the other workers to stop.
  func fail() { failed.store(1) }

  @inline(__always)
  func row(_ reference: RowReference) -> UnsafeRawPointer {
    let block = blocks[Int(reference.block)]
    return UnsafeRawPointer(block.vectors + Int(reference.row) * block.stride)
  }

  @inline(__always)
  func norm(_ reference: RowReference) -> Float {
    blocks[Int(reference.block)].norms[Int(reference.row)]
  }
}
