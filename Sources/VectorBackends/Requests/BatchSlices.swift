import Support
import VectorModel

/// Sends a batch that is too large for one request as one request after the other.
enum BatchSlices {
  /// The outcome of `count` items, joined from those of their slices.
  ///
  /// - Parameters:
  ///   - end: where the slice that begins at an item ends, above it and at most `count`.
  ///   - send: sends the items of a slice, and names those that failed as it counts them: from 0.
  ///
  /// The first slice that fails as a whole ends the batch: its items failed, the others behind it were not attempted. Where
  /// nothing was applied before, its error is thrown.
  static func run(
    _ count: Int, end: (Int) -> Int, _ send: (Range<Int>) throws(VectorError) -> WriteOutcome
  ) throws(VectorError) -> WriteOutcome {
    var whole = WriteOutcome(applied: 0)
    var start = 0
    while start < count {
      let slice = start..<max(start + 1, min(end(start), count))
      do throws(VectorError) {
        try whole.join(try send(slice), at: start)
      } catch {
        if start == 0 || (whole.applied == 0 && whole.failures.isEmpty) { throw error }
        let reason = whole.failures.addReason(error.status, error.message)
        for item in slice {
          guard whole.failures.add(item, reason: reason) else { throw .resultOutOfMemory }
        }
        whole.notAttempted += count - slice.upperBound
        return whole
      }
      start = slice.upperBound
    }
    return whole
  }
}

extension WriteOutcome {
  /// Adds what became of a slice that begins at an item. `deleted` is a number as long as every slice gives one.
  fileprivate mutating func join(_ slice: WriteOutcome, at start: Int) throws(VectorError) {
    let isFirst = start == 0
    applied += slice.applied
    notAttempted += slice.notAttempted
    deleted = isFirst ? slice.deleted : deleted.flatMap { sum in slice.deleted.map { sum + $0 } }
    if slice.failures.isEmpty { return }
    let reasons = slice.failures.reasons.map { failures.addReason($0.status, $0.message) }
    for item in slice.failures.items.elements {
      let reason = reasons.indices.contains(item.reason) ? reasons[item.reason] : item.reason
      guard failures.add(start + item.index, reason: reason) else { throw .resultOutOfMemory }
    }
  }
}
