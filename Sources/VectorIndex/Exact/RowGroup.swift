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
    floatMemory = try ScratchMemory(count: 3 * RowGroup.capacity)
    referenceMemory = try ScratchMemory(count: RowGroup.capacity)
    floatMemory.base.update(repeating: 0, count: 3 * RowGroup.capacity)
  }

  /// First floats of the rows; slots behind `count` repeat the first row.
  var pointers: UnsafeMutablePointer<UnsafePointer<Float>?> { pointerMemory.base }
  var scales: UnsafeMutablePointer<Float> { floatMemory.base }
  var offsets: UnsafeMutablePointer<Float> { floatMemory.base + RowGroup.capacity }
  private var norms: UnsafeMutablePointer<Float> { floatMemory.base + 2 * RowGroup.capacity }
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
    rule.fillTerms(norms, count, scales, offsets)
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
      let taken = min(end - row, RowGroup.capacity - count)
      appendRun(source, row, taken)
      row += taken
    }
    rows = min(row, end)..<end
  }

  @inline(__always)
  private func append(_ source: RowBlock, _ row: Int) {
    appendRun(source, row, 1)
  }

  @inline(__always)
  private func appendRun(_ source: RowBlock, _ row: Int, _ taken: Int) {
    let pointers = pointers + count
    let references = references + count
    let first = source.vectors + row * source.stride
    let block = UInt32(truncatingIfNeeded: block)
    for i in 0..<taken {
      pointers[i] = first + i * source.stride
      references[i] = RowReference(block: block, row: UInt32(truncatingIfNeeded: row &+ i))
    }
    (norms + count).update(from: source.norms + row, count: taken)
    count += taken
  }
}
