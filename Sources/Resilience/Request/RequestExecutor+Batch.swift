import Support

extension RequestExecutor {
  /// Runs one request for many items to its end; what failed for a passing reason is sent again, and nothing else.
  ///
  /// `send` gets the items still pending and notes in the answer which of them failed; what it throws counts for all of them.
  /// Otherwise as `run`. A batch that goes well allocates nothing by its size.
  package func runBatch(
    _ kind: RequestKind, items: Int, _ context: CallContext,
    _ send: (C.Connection, CallContext, PendingItems, BatchAnswer) throws(AttemptFailure) -> Void
  ) -> BatchOutcome {
    var progress = BatchProgress(items: items, isIdempotent: kind.isIdempotent)
    do throws(RequestFailure) {
      try repeated(kind, context) { connection, context, fault throws(AttemptFailure) in
        let answer = BatchAnswer()
        do throws(AttemptFailure) {
          try send(connection, context, progress.pending, answer)
        } catch {
          progress.attemptFailed(mayHaveApplied: error.mayHaveApplied)
          throw error
        }
        if let fault, fault.ending == .lostReply {
          // The injector breaks the connection next: nobody gets to see this answer.
          progress.attemptFailed(mayHaveApplied: true)
          return
        }
        if let fault, fault.ending == .partial { progress.failSome(answer, fault) }
        try progress.take(answer)
      }
    } catch {
      progress.stop(error)
    }
    return progress.outcome
  }
}

/// The items of one batch between its attempts.
private struct BatchProgress {
  let outcome = BatchOutcome()
  private(set) var pending: PendingItems
  private let isIdempotent: Bool
  /// What `pending` lists, and the last failure of each; nil while everything is pending.
  private var again: (items: ColumnBuffer<UInt32>, failures: ColumnBuffer<FailedItem>)?
  /// Whether an attempt that failed as a whole may have applied what is pending.
  private var isUnsure = false
  /// Whether the last attempt ended with an answer for each item.
  private var isAnswered = false

  init(items: Int, isIdempotent: Bool) {
    pending = PendingItems(all: max(items, 0))
    self.isIdempotent = isIdempotent
  }

  /// An attempt failed as a whole.
  mutating func attemptFailed(mayHaveApplied: Bool) {
    isAnswered = false
    if mayHaveApplied { isUnsure = true }
  }

  /// Plays a fault: some items are answered "cannot serve now", although they were applied.
  func failSome(_ answer: BatchAnswer, _ fault: InjectedFault) {
    guard answer.failures.count == 0 else { return }
    let cause = answer.cause(fault)
    for position in 0..<pending.count where fault.fails(item: pending[position]) {
      if !answer.fail(at: position, .unavailable, cause: cause, mayHaveApplied: true) { return }
    }
  }

  /// Sorts out an attempt that was answered item by item. Throws when items are left that are worth another attempt.
  mutating func take(_ answer: BatchAnswer) throws(AttemptFailure) {
    let failures = answer.failures.elements
    if failures.count == 0 {
      outcome.applied += pending.count
      pending = PendingItems(all: 0)
      return
    }
    guard failures.count <= pending.count, failures.allSatisfy({ Int($0.position) < pending.count }) else {
      throw unusable(ContradictoryAnswer())
    }
    let firstCause = UInt32(clamping: outcome.causes.count)
    outcome.causes += answer.causes
    let items = ColumnBuffer<UInt32>()
    let last = ColumnBuffer<FailedItem>()
    guard items.reserve(failures.count), last.reserve(failures.count), outcome.failed.reserve(failures.count) else {
      throw unusable(OutOfMemory())
    }
    isAnswered = true
    outcome.applied += pending.count - failures.count
    for failure in failures {
      let kind = AttemptFailure.Kind(rawValue: Int(failure.kind)) ?? .refused
      let position = Int(failure.position)
      let mayHaveApplied = failure.mayHaveApplied || isUnsure || wasUnsure(position)
      let item = FailedItem(
        item: UInt32(clamping: pending[position]), rawKind: failure.kind, mayHaveApplied: mayHaveApplied,
        cause: firstCause &+ failure.cause)
      let isWorthIt = kind.isTransient && (isIdempotent || !mayHaveApplied)
      // Room was made above.
      _ = isWorthIt ? last.append(item) && items.append(item.item) : outcome.failed.append(item)
    }
    // One item that always fails does not make a broken backend of one that served the others.
    let wasBroken = outcome.applied == 0 && outcome.failed.count == 0 && answer.failedAltogether
    again = (items, last)
    pending = PendingItems(items.elements)
    if pending.count > 0 { throw whole(answer, last, wasBroken: wasBroken) }
  }

  /// The request gives up: what is pending stays as it is.
  mutating func stop(_ why: RequestFailure) {
    outcome.stopped = why
    if isAnswered, let again, outcome.failed.append(contentsOf: again.failures.elements) { return }
    outcome.unfinished = pending
    outcome.list = again?.items
  }

  /// Positions ascend with items, so the failure before stands at the position itself.
  private func wasUnsure(_ position: Int) -> Bool {
    guard let failures = again?.failures.elements, position < failures.count else { return false }
    return failures[position].mayHaveApplied
  }

  /// The failure of the items worth another attempt, as one of the request.
  private func whole(_ answer: BatchAnswer, _ last: ColumnBuffer<FailedItem>, wasBroken: Bool) -> AttemptFailure {
    let isThrottled = last.elements.contains { $0.kind == .throttled }
    let mayHaveApplied = last.elements.contains { $0.mayHaveApplied }
    let cause = last.elements.last.flatMap { outcome.causes.indices.contains(Int($0.cause)) ? $0.cause : nil }
    return AttemptFailure(
      isThrottled ? .throttled : wasBroken ? .unavailable : .conflicted, mayHaveApplied: mayHaveApplied,
      retryAfter: answer.retryAfter, cause: cause.map { outcome.causes[Int($0)] } ?? ContradictoryAnswer())
  }

  /// An answer that cannot be sorted out: nothing is known of its items.
  private mutating func unusable(_ cause: any Error) -> AttemptFailure {
    isAnswered = false
    return AttemptFailure(.refused, mayHaveApplied: true, cause: cause)
  }
}

extension BatchAnswer {
  /// Whether the backend answered each of the failed items that it cannot serve now.
  fileprivate var failedAltogether: Bool {
    failures.elements.allSatisfy { AttemptFailure.Kind(rawValue: Int($0.kind))?.verdict == .failure }
  }
}

/// There was no memory for the outcome of single items.
package struct OutOfMemory: Error {}

/// A backend's answer named items it was not given, or more than it was given: a defect of the backend's code.
package struct ContradictoryAnswer: Error {}
