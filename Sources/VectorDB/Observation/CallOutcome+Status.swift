import Resilience
import VectorModel

extension CallOutcome {
  /// How metrics count a call that ended with an error.
  package init(_ status: Status) {
    switch status {
    case .ok: self = .success
    case .partial: self = .partial
    case .cancelled: self = .cancelled
    case .timeout: self = .timeout
    case .unavailable: self = .unavailable
    case .circuitOpen: self = .circuitOpen
    case .throttled: self = .throttled
    case .overloaded: self = .overloaded
    case .invalidArgument, .invalidHandle, .closed, .invalidID, .invalidUTF8, .invalidJSON, .invalidMetadata,
      .invalidFilter, .invalidOption, .invalidVector, .dimensionMismatch, .invalidK, .tooLarge, .bufferTooSmall,
      .unsupported, .notFound, .alreadyExists, .conflict, .readOnly, .forked, .unauthenticated, .permissionDenied:
      self = .refused
    case .protocolViolation, .backend, .outOfMemory, .io, .corrupt, .missingLibrary, .internal: self = .error
    }
  }
}
