import Resilience
import Support
import VectorModel

extension WriteOutcome {
  /// What became of a batch of `items` that was sent as requests.
  ///
  /// Throws when nothing was applied and the request as a whole failed: there is nothing to report of single items then.
  /// Otherwise each item that was not applied is named with its reason.
  init(_ outcome: BatchOutcome, of kind: RequestKind, items: Int, deleted: Int?) throws(VectorError) {
    self.init(applied: outcome.applied, deleted: deleted)
    let reasons = outcome.causes.map { failures.addReason(VectorError(cause: $0)) }
    for item in outcome.failed.elements {
      let place = Int(item.cause)
      guard reasons.indices.contains(place), failures.add(Int(item.item), reason: reasons[place]) else {
        throw .resultOutOfMemory
      }
    }
    if let stopped = outcome.stopped, outcome.unfinished.count > 0 {
      let error = VectorError(stopped, of: kind)
      if outcome.applied == 0, failures.isEmpty { throw error }
      if stopped.attempts == 0 {
        notAttempted = outcome.unfinished.count
      } else {
        let reason = failures.addReason(error)
        for position in 0..<outcome.unfinished.count {
          guard failures.add(outcome.unfinished[position], reason: reason) else { throw .resultOutOfMemory }
        }
      }
    }
    failures.sort()
  }
}

extension FailedItems {
  fileprivate func addReason(_ error: VectorError) -> Int { addReason(error.status, error.message) }
}
