import CLibraries
import Glibc
import Resilience
import Support
import VectorModel

extension HTTPResponse {
  /// How an attempt failed that was answered with this status, which is not 2xx. What repeating it may change is the same
  /// for all backends; what it means is the backend's to say, in `cause`.
  package func failure(_ cause: VectorError) -> AttemptFailure {
    var cause = cause
    var details = cause.details ?? VectorError.RemoteDetails()
    details.httpStatus = status
    if let id = headers["x-request-id"], !id.isEmpty { details.requestID = String(id.prefix(128)) }
    cause.details = details
    return AttemptFailure(
      Self.kind(status), mayHaveApplied: Self.mayHaveApplied(status), retryAfter: retryAfter, cause: cause)
  }

  /// What an answer with a status other than 2xx says about trying again.
  package static func kind(_ status: Int) -> AttemptFailure.Kind {
    switch status {
    case 408, 500, 502, 503, 504: .unavailable
    case 429: .throttled
    case 425: .conflicted
    default: .refused
    }
  }

  /// Whether a write that was answered like this may have happened: a proxy answers 504 for a server that went on.
  private static func mayHaveApplied(_ status: Int) -> Bool { status == 408 || (500...599).contains(status) }

  /// The status of the library for an answer that is not 2xx, where the backend says nothing more exact.
  package var errorStatus: Status {
    switch status {
    case 400, 422: .invalidArgument
    case 401: .unauthenticated
    case 403: .permissionDenied
    case 404, 410: .notFound
    case 409, 412: .conflict
    case 413, 414, 431: .tooLarge
    case 429: .throttled
    case 405, 501: .unsupported
    case 408, 425, 500, 502, 503, 504, 507: .unavailable
    case 300..<400: .protocolViolation
    default: .backend
    }
  }

  /// Nanoseconds that the server asks to wait, as seconds or as a date.
  package var retryAfter: UInt64? {
    guard let text = headers["retry-after"] else { return nil }
    if let seconds = UInt64(text) { return min(seconds, 1 << 32) * 1_000_000_000 }
    let date = vdb_curl_getdate(text)
    guard date >= 0 else { return nil }
    let now = Int64(time(nil))
    return date > now ? UInt64(min(date - now, 1 << 32)) * 1_000_000_000 : 0
  }

  /// What the body says, for a message: one line, short, and only where it is text.
  package var excerpt: String {
    withBody { bytes in quoted(bytes, limit: 200) }
  }

  /// The body read as JSON. Errors: `refused` with `protocolViolation`, naming status and type, when it is none; `outOfMemory`.
  package func json(_ what: String, maxNodes: UInt32 = 1 << 25) throws(AttemptFailure) -> JSONDocument {
    do throws(VectorError) {
      return try withBody { (bytes) throws(VectorError) in
        try JSONDocument(bytes, what: what, maxNodes: maxNodes, limits: .protocolViolation)
      }
    } catch {
      if error.status == .outOfMemory { throw AttemptFailure(.refused, mayHaveApplied: true, cause: error) }
      throw violation("\(error.message): \(excerpt)")
    }
  }

  /// The failure of an answer that came whole and cannot be understood. It may have been a write that was done.
  package func violation(_ message: String) -> AttemptFailure {
    let type = headers["content-type"] ?? "no type"
    var error = VectorError(.protocolViolation, "\(message) (status \(status), \(quoted(type)))")
    var details = VectorError.RemoteDetails()
    details.httpStatus = status
    error.details = details
    return AttemptFailure(.refused, mayHaveApplied: true, cause: error)
  }
}
