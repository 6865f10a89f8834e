/// Who is told what happens. Called from any thread, must return at once and must not call back.
package protocol EventSink: AnyObject, Sendable {
  /// Whether anybody listens to events of that level: asked before an event is built.
  func wants(_ level: EventLevel) -> Bool
  func emit(_ event: ResilienceEvent)
}

/// How much an event matters.
package enum EventLevel: Sendable { case debug, info, warning }

/// What this layer tells. Durations are nanoseconds.
package enum ResilienceEvent: Sendable {
  case attemptStarted(RequestKind, attempt: Int)
  case attemptFailed(RequestKind, attempt: Int, kind: AttemptFailure.Kind, elapsed: UInt64)
  /// Another attempt follows after `delay`.
  case attemptRetried(RequestKind, attempt: Int, delay: UInt64)
  /// No further attempt, although the failure is transient.
  case retryRefused(RequestKind, attempt: Int, reason: RetryRefusal)
  case breakerChanged(RequestClass, from: CircuitState, to: CircuitState)
  case poolExhausted(waiting: Int, limit: Int)
  case connectionOpened(elapsed: UInt64)
  case connectionClosed(reason: StaticString)
  case cacheHit(StaticString)
  case cacheServedStale(StaticString, age: UInt64)
  case hedgeStarted(StaticString, after: UInt64)
  case hedgeWon(StaticString)
  case slowCall(StaticString, elapsed: UInt64)
  case faultInjected(RequestKind, fault: StaticString)

  package var level: EventLevel {
    switch self {
    case .attemptStarted, .cacheHit, .connectionOpened, .connectionClosed, .hedgeStarted, .hedgeWon: .debug
    case .attemptRetried, .faultInjected: .info
    case .attemptFailed, .retryRefused, .breakerChanged, .poolExhausted, .cacheServedStale, .slowCall: .warning
    }
  }
}

/// Why a transient failure was not repeated.
package enum RetryRefusal: Int, CaseIterable, Sendable {
  case attemptLimit
  case budget
  case deadline
  case notIdempotent
  /// The circuit is open by now.
  case circuitOpen

  package var name: StaticString {
    switch self {
    case .attemptLimit: "attempt_limit"
    case .budget: "budget"
    case .deadline: "deadline"
    case .notIdempotent: "not_idempotent"
    case .circuitOpen: "circuit_open"
    }
  }
}

/// State of one circuit breaker.
package enum CircuitState: Int, Sendable, Equatable {
  case closed, halfOpen, open

  package var name: StaticString {
    switch self {
    case .closed: "closed"
    case .halfOpen: "half_open"
    case .open: "open"
    }
  }
}
