import CSupport
import VectorModel

/// Up to 64 rows that take part, picked from the units of a job: what the kernels get at once.
///
/// Rows that a mask leaves out are not in it, so nothing is computed for them. Filling goes on across units, and some
/// rows ahead: the scans ask memory for rows before their turn.
final class RowGroup {
  static let capacity = 64
  private static let slots = capacity + Int(VDB_SCAN_AHEAD)

  private let job: SearchJob
  private let rule: SelectionRule
  private var block = 0
  private var rows = 0..<0
  private(set) var count = 0
  /// Slots in use: the rows of the group and the first of the next one.
  private var picked = 0

  private let pointerMemory: ScratchMemory<UnsafePointer<Float>?>
  private let floatMemory: ScratchMemory<Float>
  private let referenceMemory: ScratchMemory<RowReference>

  /// `rule` gives the terms, which do not depend on its query.
  init(job: SearchJob, rule: SelectionRule) throws(VectorError) {
    self.job = job
    self.rule = rule
    pointerMemory = try ScratchMemory(count: RowGroup.slots)
    floatMemory = try ScratchMemory(count: 2 * RowGroup.capacity + RowGroup.slots)
    referenceMemory = try ScratchMemory(count: RowGroup.slots)
    floatMemory.base.update(repeating: 0, count: floatMemory.count)
  }

  /// First floats of the rows, of those to come, and of the first row again: `VDB_SCAN_AHEAD` behind the capacity.
  var pointers: UnsafeMutablePointer<UnsafePointer<Float>?> { pointerMemory.base }
  var scales: UnsafeMutablePointer<Float> { floatMemory.base }
  var offsets: UnsafeMutablePointer<Float> { floatMemory.base + RowGroup.capacity }
  private var norms: UnsafeMutablePointer<Float> { floatMemory.base + 2 * RowGroup.capacity }
  var references: UnsafeMutablePointer<RowReference> { referenceMemory.base }

  /// Picks the next rows; false when there are none left.
  func fill() throws(VectorError) -> Bool {
    shift()
    while picked < RowGroup.slots {
      if rows.isEmpty {
        guard let unit = job.take() else { break }
        block = unit.block
        rows = unit.rows
        try job.pause()
      }
      pick(from: job.blocks[block])
    }
    count = min(picked, RowGroup.capacity)
    guard count > 0 else { return false }
    for slot in picked..<RowGroup.slots { pointers[slot] = pointers[0] }
    rule.fillTerms(norms, count, scales, offsets)
    return true
  }

  /// Moves the rows picked ahead to the front.
  private func shift() {
    picked -= count
    pointers.update(from: pointers + count, count: picked)
    references.update(from: references + count, count: picked)
    norms.update(from: norms + count, count: picked)
  }

  private func pick(from source: RowBlock) {
    var row = rows.lowerBound
    let end = rows.upperBound
    if let mask = source.mask {
      while row < end, picked < RowGroup.slots {
        let word = mask[row >> 6] >> UInt64(row & 63)
        if word == 0 {
          row = (row | 63) + 1
          continue
        }
        row += word.trailingZeroBitCount
        if row < end { append(source, row, 1) }
        row += 1
      }
    } else {
      let taken = min(end - row, RowGroup.slots - picked)
      append(source, row, taken)
      row += taken
      // The norms of the next group are too few to be seen as a stream.
      for line in 0...RowGroup.capacity / 16 { vdb_prefetch(source.norms + row + 16 * line) }
    }
    rows = min(row, end)..<end
  }

  @inline(__always)
  private func append(_ source: RowBlock, _ row: Int, _ taken: Int) {
    let pointers = pointers + picked
    let references = references + picked
    let norms = norms + picked
    let block = UInt32(truncatingIfNeeded: block)
    // Loops of their own and sums that cannot trap become vector code: memory waits while this runs.
    var next = source.vectors + row * source.stride
    for i in 0..<taken {
      pointers[i] = next
      next += source.stride
    }
    for i in 0..<taken { references[i] = RowReference(block: block, row: UInt32(truncatingIfNeeded: row &+ i)) }
    for i in 0..<taken { norms[i] = source.norms[row &+ i] }
    picked += taken
  }
}
