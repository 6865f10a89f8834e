import VectorModel

/// Up to 64 rows that take part, picked from the units of a job: what the kernels get at once.
///
/// Rows that a mask leaves out are not in it, so nothing is computed for them. Filling goes on across units.
final class RowGroup {
  static let capacity = 64

  private let job: SearchJob
  private let rule: SelectionRule
  private var block = 0
  private var rows = 0..<0
  private(set) var count = 0

  private let pointerMemory: ScratchMemory<UnsafePointer<Float>?>
  private let floatMemory: ScratchMemory<Float>
  private let referenceMemory: ScratchMemory<RowReference>

  /// `rule` gives the terms, which do not depend on its query.
  init(job: SearchJob, rule: SelectionRule) throws(VectorError) {
    self.job = job
    self.rule = rule
    pointerMemory = try ScratchMemory(count: RowGroup.capacity)
    floatMemory = try ScratchMemory(count: 2 * RowGroup.capacity)
    referenceMemory = try ScratchMemory(count: RowGroup.capacity)
    floatMemory.base.update(repeating: 0, count: 2 * RowGroup.capacity)
  }

  /// First floats of the rows; slots behind `count` repeat the first row.
  var pointers: UnsafeMutablePointer<UnsafePointer<Float>?> { pointerMemory.base }
  var scales: UnsafeMutablePointer<Float> { floatMemory.base }
  var offsets: UnsafeMutablePointer<Float> { floatMemory.base + RowGroup.capacity }
  var references: UnsafeMutablePointer<RowReference> { referenceMemory.base }

  /// Picks the next rows; false when there are none left.
  func fill() throws(VectorError) -> Bool {
    count = 0
    while count < RowGroup.capacity {
      if rows.isEmpty {
        guard let unit = job.take() else { break }
        block = unit.block
        rows = unit.rows
        try job.pause()
      }
      pick(from: job.blocks[block])
    }
    guard count > 0 else { return false }
    for slot in count..<RowGroup.capacity { pointers[slot] = pointers[0] }
    return true
  }

  private func pick(from source: RowBlock) {
    var row = rows.lowerBound
    let end = rows.upperBound
    if let mask = source.mask {
      while row < end, count < RowGroup.capacity {
        let word = mask[row >> 6] >> UInt64(row & 63)
        if word == 0 {
          row = (row | 63) + 1
          continue
        }
        row += word.trailingZeroBitCount
        if row < end { append(source, row) }
        row += 1
      }
    } else {
      let stop = min(end, row + RowGroup.capacity - count)
      while row < stop {
        append(source, row)
        row += 1
      }
    }
    rows = min(row, end)..<end
  }

  @inline(__always)
  private func append(_ source: RowBlock, _ row: Int) {
    let terms = rule.terms(norm: source.norms[row])
    pointers[count] = source.vectors + row * source.stride
    scales[count] = terms.scale
    offsets[count] = terms.offset
    references[count] = RowReference(
      block: UInt32(truncatingIfNeeded: block), row: UInt32(truncatingIfNeeded: row))
    count += 1
  }
}
