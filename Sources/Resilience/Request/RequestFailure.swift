/// Why a request failed for good: the one error of this layer.
package struct RequestFailure: Error {
  package enum Reason: Sendable, Equatable {
    /// The last attempt failed and may not be repeated; `cause` is its error.
    case attemptFailed(AttemptFailure.Kind)
    /// Refused without an attempt: the breaker is open.
    case circuitOpen
    /// No connection became free within the pool's wait.
    case poolTimeout
    /// The limiter or the bulkhead refuses: too much at once.
    case overloaded
    /// The call's deadline passed, also while waiting for anything of this layer.
    case deadlineExceeded
    case cancelled
    /// The endpoint is being closed.
    case closed
  }

  package let reason: Reason
  /// Attempts that were sent, or tried to be.
  package let attempts: Int
  /// Whether a write may have happened in any of them.
  package let mayHaveApplied: Bool
  /// Nanoseconds after which asking again makes sense: until the breaker tries again, or what the backend said.
  package let retryAfter: UInt64?
  /// The error of the last attempt, when there was one.
  package let cause: (any Error)?

  package init(
    _ reason: Reason, attempts: Int, mayHaveApplied: Bool = false, retryAfter: UInt64? = nil, cause: (any Error)? = nil
  ) {
    self.reason = reason
    self.attempts = attempts
    self.mayHaveApplied = mayHaveApplied
    self.retryAfter = retryAfter
    self.cause = cause
  }
}
