import Support

/// What a write did to the items of its batch: `applied + failures.count + notAttempted` is the size of the batch.
package struct WriteOutcome: Sendable {
  package var applied: Int
  package var failures = FailedItems()
  package var notAttempted = 0
  /// Records deleted, nil where the backend does not say or nothing was to be deleted.
  package var deleted: Int?

  package init(applied: Int, deleted: Int? = nil) {
    self.applied = applied
    self.deleted = deleted
  }

  /// What the caller is told when some items failed; nil when none did.
  package var partialFailure: VectorError? {
    guard let first = failures.items.elements.first else { return nil }
    let failed = failures.count + notAttempted
    var error = VectorError(
      .partial,
      "\(failed) of \(applied + failed) items failed, the first at index \(first.index): \(failures.reason(first).message)",
      index: first.index)
    error.details = VectorError.RemoteDetails(applied: .partly)
    return error
  }
}

/// The items of a batch that failed, in memory that may run out without ending the host: a batch can be large, and all of it
/// can fail.
package final class FailedItems: @unchecked Sendable {
  package struct Item: BitwiseCopyable {
    /// In the batch.
    package let index: Int
    /// Place in `reasons`.
    package let reason: Int
  }

  /// Ascending by index once `sort` was called.
  package let items = ColumnBuffer<Item>()
  /// Few: items that failed in the same way share one.
  package private(set) var reasons: [(status: Status, message: String)] = []

  package init() {}

  package var count: Int { items.count }
  package var isEmpty: Bool { items.count == 0 }

  /// Keeps a reason; its place is what `add` is given.
  package func addReason(_ status: Status, _ message: String) -> Int {
    reasons.append((status, message))
    return reasons.count - 1
  }

  /// Changes the messages of all reasons.
  package func rewriteReasons(_ change: (String) -> String) {
    reasons = reasons.map { ($0.status, change($0.message)) }
  }

  /// Notes an item that failed; false when out of memory.
  package func add(_ index: Int, reason: Int) -> Bool { items.append(Item(index: index, reason: reason)) }

  /// Why an item of `items` failed.
  package func reason(_ item: Item) -> (status: Status, message: String) {
    reasons.indices.contains(item.reason) ? reasons[item.reason] : (.internal, "the item failed without saying why")
  }

  package func sort() {
    guard let base = items.base else { return }
    var all = UnsafeMutableBufferPointer(start: base, count: items.count)
    all.sort { $0.index < $1.index }
  }
}
