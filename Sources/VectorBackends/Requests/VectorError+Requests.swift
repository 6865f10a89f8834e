import Resilience
import VectorModel

extension VectorError {
  /// What the caller of a request that failed for good is told.
  ///
  /// The error of the last attempt where there is one, since it says most; what the resilience layer refused itself is said
  /// in its own words.
  init(_ failure: RequestFailure, of kind: RequestKind) {
    var error = Self.text(of: failure, kind)
    var details = error.details ?? RemoteDetails()
    details.attempts = failure.attempts
    if let wait = failure.retryAfter { details.retryAfterMilliseconds = Int(clamping: wait / 1_000_000) }
    if kind.requestClass != .read { details.applied = failure.mayHaveApplied ? .unknown : .no }
    error.details = details
    self = error
  }

  private static func text(of failure: RequestFailure, _ kind: RequestKind) -> VectorError {
    let cause = failure.cause.map { VectorError(cause: $0) }
    switch failure.reason {
    case .attemptFailed:
      return cause ?? VectorError(.internal, "\(kind.operation) failed without saying why")
    case .circuitOpen:
      return VectorError(
        .circuitOpen, "the circuit breaker for \(kind.requestClass.name) requests is open\(hint(failure.retryAfter))")
    case .poolTimeout:
      return VectorError(.overloaded, "no connection became free within the pool's wait\(because(cause))")
    case .overloaded:
      return VectorError(.overloaded, "too many requests at once: the limit of this database refuses one more")
    case .closed:
      return VectorError(.closed, "the database was closed meanwhile")
    case .deadlineExceeded:
      if let cause, cause.status == .timeout { return cause }
      return VectorError(.timeout, "the deadline of the call passed\(because(cause))")
    case .cancelled:
      return VectorError(.cancelled, "the call was cancelled by its token")
    }
  }

  private static func hint(_ retryAfter: UInt64?) -> String {
    retryAfter.map { "; it will try again in \(($0 + 999_999) / 1_000_000) ms" } ?? ""
  }

  private static func because(_ cause: VectorError?) -> String {
    cause.map { "; the last attempt failed: \($0.message)" } ?? ""
  }
}

extension VectorError {
  /// The same, for a write that only read until it failed: nothing was applied.
  var beforeWriting: VectorError {
    var error = self
    var details = error.details ?? RemoteDetails()
    details.applied = .no
    error.details = details
    return error
  }
}

extension VectorError {
  /// The error that an attempt failed with: the backend's own, or one of the request layer.
  init(cause: any Error) {
    switch cause {
    case let error as VectorError: self = error
    case let fault as InjectedFault: self.init(fault)
    case is OutOfMemory: self = .resultOutOfMemory
    default: self.init(.internal, "a request failed with \(cause)")
    }
  }

  private init(_ fault: InjectedFault) {
    let status: Status =
      switch fault.ending {
      case .throttle: .throttled
      case .stall, .untouched: .timeout
      case .error, .unreachable, .lostReply, .partial: .unavailable
      }
    self.init(status, "injected fault \"\(fault.name)\", as fault_injection asks")
  }
}

extension AttemptFailure {
  /// An error of a backend inside the process: nothing there is transient, and a refused write changed nothing.
  init(local error: VectorError) {
    let kind: Kind =
      switch error.status {
      case .cancelled: .cancelled
      case .timeout: .deadlineExceeded
      default: .refused
      }
    self.init(kind, mayHaveApplied: false, cause: error)
  }
}
