import Support
import VectorModel

/// What became of a batch that goes in several requests, each for a range of its items, and how the outcomes are joined.
struct ChunkedWrite {
  private struct Range {
    let end: Int
    let fate: Fate
  }

  private enum Fate: Equatable {
    case applied
    /// Place in `errors`.
    case failed(Int)
  }

  private var ranges: [Range] = []
  private var errors: [VectorError] = []
  /// Whether more requests make sense.
  private(set) var goesOn = true

  /// Sends the items up to `end`, which follow those of the range before.
  mutating func attempt(upTo end: Int, _ send: () throws(VectorError) -> Void) {
    do throws(VectorError) {
      try send()
      ranges.append(Range(end: end, fate: .applied))
    } catch {
      errors.append(error)
      ranges.append(Range(end: end, fate: .failed(errors.count - 1)))
      goesOn = error.isAboutItems
    }
  }

  /// The outcome of a batch of `count` items. Of items that name the same id, all share the fate of one: the last, which was
  /// written, or with `byFirst` the first, whose request did the work for all.
  ///
  /// Throws when nothing was applied. Errors: that of a request, `outOfMemory`.
  func outcome(
    _ count: Int, _ repeated: RepeatedIDs?, byFirst: Bool = false, deleted: Int? = nil
  ) throws(VectorError) -> WriteOutcome {
    if errors.isEmpty { return WriteOutcome(applied: count, deleted: deleted) }
    if !ranges.contains(where: { $0.fate == .applied }), let error = errors.first {
      // What is not known of one request is not known of the whole.
      throw errors.first { $0.details?.applied != .no } ?? error
    }
    var outcome = WriteOutcome(applied: 0, deleted: deleted)
    let reasons = errors.map { outcome.failures.addReason($0.status, $0.message) }
    let deciding = try decidingItems(count, repeated, byFirst: byFirst)
    var hasMemory = true
    for item in 0..<count {
      switch fate(deciding?.base?[item] ?? item) {
      case .applied: outcome.applied += 1
      case .failed(let error): hasMemory = hasMemory && outcome.failures.add(item, reason: reasons[error])
      case nil: outcome.notAttempted += 1
      }
    }
    withExtendedLifetime(deciding) {}
    guard hasMemory else { throw .resultOutOfMemory }
    return outcome
  }

  /// nil for an item that no request carried.
  private func fate(_ item: Int) -> Fate? {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].end <= item { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count ? ranges[low].fate : nil
  }

  /// For each item the one whose fate it shares; nil when each has its own.
  private func decidingItems(
    _ count: Int, _ repeated: RepeatedIDs?, byFirst: Bool
  ) throws(VectorError) -> ColumnBuffer<Int>? {
    guard let repeated else { return nil }
    let items = ColumnBuffer<Int>()
    guard let base = items.extend(by: count) else { throw .resultOutOfMemory }
    for item in 0..<count { base[item] = item }
    if byFirst {
      for item in 0..<count {
        if let next = repeated.next(after: item) { base[next] = base[item] }
      }
    } else {
      for item in (0..<count).reversed() {
        if let next = repeated.next(after: item) { base[item] = base[next] }
      }
    }
    return items
  }
}

extension VectorError {
  /// Whether the request failed for what was in it, so that another one of the same batch may succeed.
  fileprivate var isAboutItems: Bool {
    switch status {
    case .invalidArgument, .tooLarge: true
    default: false
    }
  }
}
