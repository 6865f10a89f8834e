/// Whether a backend can be used now.
package enum HealthStatus: Sendable, Equatable {
  case ok, degraded, down, unknown

  /// As health writes it.
  package var name: StaticString {
    switch self {
    case .ok: "ok"
    case .degraded: "degraded"
    case .down: "down"
    case .unknown: "unknown"
    }
  }
}

/// A status, why, and what it rests on.
package struct HealthAssessment: Sendable {
  package let status: HealthStatus
  package let reason: Reason
  /// Calls of the window that say something about the backend, and those of them that did not go well.
  package let calls: UInt64
  package let failures: UInt64
  /// Nanoseconds since the last call that the backend served, and since the last that it failed; nil without one.
  package let lastSuccessAge: UInt64?
  package let lastFailureAge: UInt64?

  package enum Reason: Sendable, Equatable {
    case working
    /// Nothing was asked lately, but the last call went well.
    case idle
    case circuitOpen
    case circuitHalfOpen
    case everyCallFailed
    case manyFailures
    /// Nothing was asked yet, or nothing lately and the last call failed.
    case noCalls

    /// As health writes it.
    package var name: StaticString {
      switch self {
      case .working: "working"
      case .idle: "idle"
      case .circuitOpen: "circuit_open"
      case .circuitHalfOpen: "circuit_half_open"
      case .everyCallFailed: "every_call_failed"
      case .manyFailures: "many_failures"
      case .noCalls: "no_calls"
      }
    }
  }
}

/// States of the breakers of the three request classes.
package struct CircuitStates: Sendable, Equatable {
  package var read: CircuitState
  package var write: CircuitState
  package var control: CircuitState

  package init(
    read: CircuitState = .closed, write: CircuitState = .closed, control: CircuitState = .closed
  ) {
    self.read = read
    self.write = write
    self.control = control
  }

  /// The worst of the three.
  package var worst: CircuitState {
    [read, write, control].max { $0.rawValue < $1.rawValue } ?? .closed
  }
}
