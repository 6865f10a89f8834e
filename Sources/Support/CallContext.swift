import CSupport

/// What bounds one call: a deadline on the monotonic clock, and a cancel flag that another thread may raise.
///
/// Passed down to everything that can wait or work for more than a millisecond; `interruption()` is cheap enough to be
/// asked every few hundred microseconds.
package struct CallContext: Sendable {
  /// Nanoseconds of `monotonicNanoseconds()`, or nil for no deadline.
  package let deadline: UInt64?
  package let cancel: CancelToken?
  /// Where attempts and bytes of the call are counted, when somebody wants to know.
  package let tally: CallTally?

  package init(deadline: UInt64? = nil, cancel: CancelToken? = nil, tally: CallTally? = nil) {
    self.deadline = deadline
    self.cancel = cancel
    self.tally = tally
  }

  /// The same call with an earlier end: the deadline becomes `limit` unless it is before that already.
  package func ending(by limit: UInt64) -> CallContext {
    CallContext(deadline: min(deadline ?? limit, limit), cancel: cancel, tally: tally)
  }

  /// No deadline, no cancellation.
  package static let unbounded = CallContext()

  /// Why the call must stop now, or nil to go on: its own bounds, or a host that said so when it was asked during a wait
  /// (`vdb_interrupts.h`). A fork that waits for this thread happens here.
  package func interruption() -> Interruption? {
    vdb_gate_safe_point()
    if vdb_interrupted() != 0 { return .cancelled }
    if let cancel, cancel.isCancelled { return .cancelled }
    if let deadline, monotonicNanoseconds() >= deadline { return .deadlineExceeded }
    return nil
  }

  package enum Interruption: Sendable, Equatable {
    case cancelled
    case deadlineExceeded
  }
}
