import Resilience
import VectorModel

extension VectorError {
  /// Whether an answer beyond its time is better than this error: the backend's trouble, never the caller's mistake.
  var isCoveredByStaleAnswer: Bool {
    switch status {
    case .unavailable, .protocolViolation, .throttled, .circuitOpen, .overloaded, .timeout: true
    default: false
    }
  }

  /// An error of a call whose work is shared or waited for.
  init(_ failure: CallFailure<VectorError>) {
    switch failure {
    case .failed(let error): self = error
    case .interrupted(let interruption): self.init(interruption)
    }
  }
}

extension WriteOutcome {
  /// How metrics count a write that came to this.
  var outcome: CallOutcome { failures.isEmpty ? .success : .partial }
}
