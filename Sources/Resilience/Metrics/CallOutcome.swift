/// How a call ended, as metrics count it and health judges it.
package enum CallOutcome: Int, CaseIterable, Sendable {
  case success
  /// Some items of a batch failed.
  case partial
  /// The call was wrong, or asked for what is not there: the backend works.
  case refused
  case cancelled
  case timeout
  /// The backend cannot be reached, or answered that it cannot serve.
  case unavailable
  case throttled
  /// Not sent, because the circuit is open.
  case circuitOpen
  /// Not sent, because too much is under way.
  case overloaded
  /// Anything else that broke: memory, disk, an answer that makes no sense.
  case error

  /// Whether the backend, or the way to it, is to blame.
  package var isBackendTrouble: Bool {
    switch self {
    case .timeout, .unavailable, .throttled, .circuitOpen, .error: true
    case .success, .partial, .refused, .cancelled, .overloaded: false
    }
  }

  /// Value of the label `outcome`.
  package var name: StaticString {
    switch self {
    case .success: "success"
    case .partial: "partial"
    case .refused: "refused"
    case .cancelled: "cancelled"
    case .timeout: "timeout"
    case .unavailable: "unavailable"
    case .throttled: "throttled"
    case .circuitOpen: "circuit_open"
    case .overloaded: "overloaded"
    case .error: "error"
    }
  }
}
