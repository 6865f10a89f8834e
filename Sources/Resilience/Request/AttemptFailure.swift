/// How one attempt failed, as whoever sent it classifies it. Retry, budget and breaker decide by this alone.
package struct AttemptFailure: Error {
  package enum Kind: Int, Sendable, CaseIterable {
    /// Connect, name look-up or TLS failed: nothing was sent. Counts in the breakers of all three classes.
    case unreachable
    /// A connection that was used before died before the first byte of an answer: reopened once, free of charge.
    case staleConnection
    /// The connection broke, or the answer was cut short.
    case broken
    /// The attempt's whole timeout passed without an answer.
    case timedOut
    /// The backend answered that it cannot serve now: 408, 500, 502, 503, 504, UNAVAILABLE, 08xxx, 57P0x, LOADING, READONLY.
    case unavailable
    /// The backend asks to slow down: 429, RESOURCE_EXHAUSTED, 53300, BUSY.
    case throttled
    /// The backend works, and the same request may succeed when repeated: 425, ABORTED, 40001, 40P01, 55P03, TRYAGAIN.
    case conflicted
    /// The backend works and refuses this request: any other answer. Repeating it changes nothing.
    case refused
    /// The call was cancelled.
    case cancelled
    /// The call's own deadline, shorter than the attempt's timeout, passed.
    case deadlineExceeded
  }

  package let kind: Kind
  /// Whether a write may have happened all the same.
  package let mayHaveApplied: Bool
  /// Nanoseconds the backend asks to wait before the next attempt.
  package let retryAfter: UInt64?
  /// The backend's own error, handed through untouched.
  package let cause: any Error

  package init(_ kind: Kind, mayHaveApplied: Bool, retryAfter: UInt64? = nil, cause: any Error) {
    self.kind = kind
    self.mayHaveApplied = mayHaveApplied
    self.retryAfter = retryAfter
    self.cause = cause
  }
}

extension AttemptFailure.Kind {
  /// What the breaker learns from it.
  package enum Verdict: Sendable, Equatable { case success, failure, neither }

  package var verdict: Verdict {
    switch self {
    case .unreachable, .broken, .staleConnection, .timedOut, .unavailable: .failure
    case .conflicted, .refused: .success
    case .throttled, .cancelled, .deadlineExceeded: .neither
    }
  }

  /// Whether the same request may succeed when it is sent again.
  package var isTransient: Bool {
    switch self {
    case .unreachable, .staleConnection, .broken, .timedOut, .unavailable, .throttled, .conflicted: true
    case .refused, .cancelled, .deadlineExceeded: false
    }
  }

  /// Whether the connection it happened on answered in full, and so may serve again.
  package var keepsConnection: Bool {
    switch self {
    case .unavailable, .throttled, .conflicted, .refused: true
    case .unreachable, .staleConnection, .broken, .timedOut, .cancelled, .deadlineExceeded: false
    }
  }

  /// As events and metrics write it.
  package var name: StaticString {
    switch self {
    case .unreachable: "unreachable"
    case .staleConnection: "stale_connection"
    case .broken: "broken"
    case .timedOut: "timed_out"
    case .unavailable: "unavailable"
    case .throttled: "throttled"
    case .conflicted: "conflicted"
    case .refused: "refused"
    case .cancelled: "cancelled"
    case .deadlineExceeded: "deadline_exceeded"
    }
  }
}
