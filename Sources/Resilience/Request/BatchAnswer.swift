import Support

/// The items a request of a batch carries: all of them at first, then those that are worth another try.
package struct PendingItems {
  /// Number of items carried.
  package let count: Int
  private let items: UnsafeBufferPointer<UInt32>?

  /// Items 0 ..< count.
  init(all count: Int) {
    self.count = count
    items = nil
  }

  /// Those of a list, which must outlive this.
  init(_ items: UnsafeBufferPointer<UInt32>) {
    count = items.count
    self.items = items
  }

  /// The item, as the caller of `runBatch` counts them, at a position ≥ 0 and below `count`. Positions ascend with items.
  package subscript(position: Int) -> Int { items.map { Int($0[position]) } ?? position }
}

/// Where `send` of a batch says which of the items it was given failed. All others count as applied.
package final class BatchAnswer {
  /// One item without success.
  struct Failure: BitwiseCopyable {
    let position: UInt32
    let kind: UInt8
    let mayHaveApplied: Bool
    /// Place in `causes`.
    let cause: UInt32
  }

  let failures = ColumnBuffer<Failure>()
  private(set) var causes: [any Error] = []
  private(set) var retryAfter: UInt64?

  init() {}

  /// Keeps an error that items can then name as their cause: one for all that failed in the same way.
  package func cause(_ error: any Error) -> Int {
    causes.append(error)
    return causes.count - 1
  }

  /// The item at a position of the pending ones failed for a `cause` of this answer. At most once for each position.
  ///
  /// False when there is no memory to note it: then the attempt must be reported as failed as a whole.
  package func fail(
    at position: Int, _ kind: AttemptFailure.Kind, cause: Int, mayHaveApplied: Bool = false, retryAfter: UInt64? = nil
  ) -> Bool {
    if let retryAfter { self.retryAfter = max(self.retryAfter ?? 0, retryAfter) }
    guard let place = UInt32(exactly: position), let cause = UInt32(exactly: cause) else { return false }
    return failures.append(
      Failure(position: place, kind: UInt8(kind.rawValue), mayHaveApplied: mayHaveApplied, cause: cause))
  }
}
