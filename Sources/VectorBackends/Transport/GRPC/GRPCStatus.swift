import Resilience
import Support
import VectorModel

/// How a server ended a call: its code and its words.
package struct GRPCStatus: Sendable, Equatable {
  package let code: Code
  /// As the server gave it, percent-decoded. May echo parts of the request.
  package let message: String

  /// The codes of gRPC.
  package enum Code: Int, Sendable, CaseIterable {
    case ok, cancelled, unknown, invalidArgument, deadlineExceeded, notFound, alreadyExists, permissionDenied
    case resourceExhausted, failedPrecondition, aborted, outOfRange, unimplemented, `internal`, unavailable, dataLoss
    case unauthenticated

    /// As gRPC writes it: "RESOURCE_EXHAUSTED".
    package var name: String {
      switch self {
      case .ok: "OK"
      case .cancelled: "CANCELLED"
      case .unknown: "UNKNOWN"
      case .invalidArgument: "INVALID_ARGUMENT"
      case .deadlineExceeded: "DEADLINE_EXCEEDED"
      case .notFound: "NOT_FOUND"
      case .alreadyExists: "ALREADY_EXISTS"
      case .permissionDenied: "PERMISSION_DENIED"
      case .resourceExhausted: "RESOURCE_EXHAUSTED"
      case .failedPrecondition: "FAILED_PRECONDITION"
      case .aborted: "ABORTED"
      case .outOfRange: "OUT_OF_RANGE"
      case .unimplemented: "UNIMPLEMENTED"
      case .internal: "INTERNAL"
      case .unavailable: "UNAVAILABLE"
      case .dataLoss: "DATA_LOSS"
      case .unauthenticated: "UNAUTHENTICATED"
      }
    }
  }

  package init(_ code: Code, _ message: String = "") {
    self.code = code
    self.message = message
  }

  /// Reads the status from behind the answer, or from its headers where there is nothing else; nil when there is none.
  package init?(headers: HTTPHeaders, trailers: HTTPHeaders) {
    let behind = trailers["grpc-status"]
    guard let number = behind ?? headers["grpc-status"] else { return nil }
    // A number from the future is an unknown error.
    code = Int(number).flatMap(Code.init(rawValue:)) ?? .unknown
    // Nobody is told what a server has to say of a success.
    message = code == .ok ? "" : (behind == nil ? headers : trailers)["grpc-message"].map(Self.decoded) ?? ""
  }

  /// `grpc-message` in percent form; what is no percent form stays as it is.
  private static func decoded(_ text: String) -> String { percentDecoded(Array(text.utf8)) ?? text }
}

extension GRPCStatus {
  /// The failure of an attempt that was answered with this status, which is not OK.
  package func failure(_ server: String) -> AttemptFailure {
    let words = message.isEmpty ? "" : ": \(quoted(ByteString(message), limit: 300))"
    return AttemptFailure(
      kind, mayHaveApplied: mayHaveApplied, cause: VectorError(status, "\(server) answered \(code.name)\(words)"))
  }

  private var kind: AttemptFailure.Kind {
    switch code {
    case .unavailable: .unavailable
    case .resourceExhausted: isTooLarge ? .refused : .throttled
    case .aborted: .conflicted
    case .deadlineExceeded: .timedOut
    default: .refused
    }
  }

  private var status: Status {
    switch code {
    case .ok, .unknown, .aborted, .internal, .dataLoss, .failedPrecondition: .backend
    case .invalidArgument, .outOfRange: .invalidArgument
    case .cancelled, .unavailable: .unavailable
    case .deadlineExceeded: .timeout
    case .notFound: .notFound
    case .alreadyExists: .alreadyExists
    case .permissionDenied: .permissionDenied
    case .resourceExhausted: isTooLarge ? .tooLarge : .throttled
    case .unimplemented: .unsupported
    case .unauthenticated: .unauthenticated
    }
  }

  /// Whether a write that was answered like this may have happened.
  private var mayHaveApplied: Bool {
    switch code {
    case .cancelled, .unknown, .deadlineExceeded, .aborted, .internal, .unavailable, .dataLoss: true
    default: false
    }
  }

  /// gRPC libraries say it with the same code as a throttle.
  private var isTooLarge: Bool { message.contains("larger than max") }
}
