import Support
import VectorModel

/// A batch that is written in several requests: what became of its items, part by part.
///
/// What went is applied, whatever happens to the rest. A part that fails as a whole ends the call: its items are reported as failed,
/// those behind it as not attempted.
struct WriteParts {
  private(set) var outcome = WriteOutcome(applied: 0)
  private let count: Int

  /// - Parameter count: items of the whole batch.
  init(count: Int) { self.count = count }

  /// Notes a part whose items are those of `items`, as the batch counts them. Errors: `outOfMemory`.
  mutating func add(_ part: WriteOutcome, of items: [Int]) throws(VectorError) {
    outcome.applied += part.applied
    outcome.notAttempted += part.notAttempted
    if let deleted = part.deleted { outcome.deleted = (outcome.deleted ?? 0) + deleted }
    let reasons = part.failures.reasons.map { outcome.failures.addReason($0.status, $0.message) }
    for item in part.failures.items.elements {
      guard items.indices.contains(item.index), reasons.indices.contains(item.reason),
        outcome.failures.add(items[item.index], reason: reasons[item.reason])
      else { throw .resultOutOfMemory }
    }
  }

  /// Notes a part that failed as a whole; no further one is sent. Throws the error where nothing of the batch was applied: then
  /// there is nothing to tell of single items.
  mutating func stop(_ error: VectorError, at items: [Int]) throws(VectorError) {
    guard outcome.applied > 0 || !outcome.failures.isEmpty else { throw error }
    let reason = outcome.failures.addReason(error.status, error.message)
    for item in items where !outcome.failures.add(item, reason: reason) { throw .resultOutOfMemory }
    outcome.notAttempted = count - outcome.applied - outcome.failures.count
  }

  /// The outcome of the whole batch, its failures in order.
  consuming func finished() -> WriteOutcome {
    outcome.failures.sort()
    return outcome
  }
}
