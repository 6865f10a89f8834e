/// What a write did to the items of its batch: `applied + failures.count + notAttempted` is the size of the batch.
package struct WriteOutcome: Sendable {
  package var applied: Int
  package var failures: [Failure] = []
  package var notAttempted = 0
  /// Records deleted, nil where the backend does not say or nothing was to be deleted.
  package var deleted: Int?

  package init(applied: Int, deleted: Int? = nil) {
    self.applied = applied
    self.deleted = deleted
  }

  package struct Failure: Sendable {
    package let index: Int
    package let status: Status
    package let message: String

    package init(index: Int, status: Status, message: String) {
      self.index = index
      self.status = status
      self.message = message
    }
  }
}
