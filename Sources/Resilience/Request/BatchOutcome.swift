import Support

/// An item of a batch that failed with an answer of its own.
package struct FailedItem: BitwiseCopyable {
  /// As the caller counts them.
  package let item: UInt32
  /// Raw value of an `AttemptFailure.Kind`.
  private let rawKind: UInt8
  /// Whether it may have been applied all the same.
  package let mayHaveApplied: Bool
  /// Place in `BatchOutcome.causes`.
  package let cause: UInt32

  init(item: UInt32, rawKind: UInt8, mayHaveApplied: Bool, cause: UInt32) {
    self.item = item
    self.rawKind = rawKind
    self.mayHaveApplied = mayHaveApplied
    self.cause = cause
  }

  package var kind: AttemptFailure.Kind { AttemptFailure.Kind(rawValue: Int(rawKind)) ?? .refused }
}

/// What became of each item of a batch. `applied + failed.count + unfinished.count` is the number of items.
package final class BatchOutcome {
  /// Items that were applied.
  package internal(set) var applied = 0
  /// Items that failed with an answer of their own, for good or at the last attempt. In no order.
  package let failed = ColumnBuffer<FailedItem>()
  package internal(set) var causes: [any Error] = []
  /// Items without an answer of their own: `stopped` says why.
  package internal(set) var unfinished = PendingItems(all: 0)
  /// Why the request gave up, when it did. Without an attempt, none of the unfinished items was sent.
  package internal(set) var stopped: RequestFailure?
  /// Whether unfinished items may have been applied.
  package var unfinishedMayHaveApplied: Bool { stopped?.mayHaveApplied ?? false }
  /// Keeps the list that `unfinished` looks at alive.
  var list: ColumnBuffer<UInt32>?

  init() {}
}
