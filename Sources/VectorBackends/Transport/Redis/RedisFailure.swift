import Resilience
import Support
import VectorModel

/// What the failures of Redis mean: to the caller, and to retry and breaker.
package enum RedisFailure {
  static func unreachable(_ server: RedisServer, _ reason: String) -> AttemptFailure {
    AttemptFailure(
      .unreachable, mayHaveApplied: false,
      cause: VectorError(.unavailable, "cannot connect to Redis at \(server.name): \(reason)"))
  }

  /// Whose time it was that ran out, the request layer knows.
  static func interrupted(
    _ why: CallContext.Interruption, _ server: RedisServer, mayHaveApplied: Bool
  ) -> AttemptFailure {
    switch why {
    case .cancelled: AttemptFailure(.cancelled, mayHaveApplied: mayHaveApplied, cause: VectorError(why))
    case .deadlineExceeded:
      AttemptFailure(
        .timedOut, mayHaveApplied: mayHaveApplied,
        cause: VectorError(.timeout, "Redis at \(server.name) did not answer in time"))
    }
  }

  package static func refused(_ error: VectorError, mayHaveApplied: Bool = false) -> AttemptFailure {
    AttemptFailure(.refused, mayHaveApplied: mayHaveApplied, cause: error)
  }

  /// An answer that no Redis gives.
  package static func unexpected(_ what: String) -> AttemptFailure {
    AttemptFailure(
      .refused, mayHaveApplied: true,
      cause: VectorError(.protocolViolation, "Redis answers in a form that is not known here: \(what)"))
  }

  /// No memory for what is to be sent or was received.
  package static let outOfMemory = refused(VectorError(.outOfMemory, "not enough memory for a request to Redis"))

  /// An error that the server answered with: the word it begins with says what it is.
  package static func answered(_ text: String) -> AttemptFailure {
    let (kind, status, hint) = meaning(of: text)
    let shown = quoted(text, limit: 200)
    return AttemptFailure(
      kind, mayHaveApplied: false, cause: VectorError(status, "Redis answers \(shown)\(hint.map { ": \($0)" } ?? "")"))
  }

  /// Whether an error says that there is no such index.
  package static func saysAbsent(_ error: String) -> Bool {
    let text = error.lowercased()
    return text.contains("unknown index name") || text.contains("no such index") || text.contains("index_not_found")
  }

  private static func meaning(of text: String) -> (AttemptFailure.Kind, Status, String?) {
    let word = text.utf8.prefix { $0 != UInt8(ascii: " ") }
    switch String(decoding: word, as: UTF8.self) {
    case "LOADING", "MASTERDOWN", "CLUSTERDOWN": return (.unavailable, .unavailable, nil)
    case "READONLY": return (.unavailable, .unavailable, "the server is a replica and takes no writes")
    case "BUSY": return (.throttled, .throttled, nil)
    case "TRYAGAIN": return (.conflicted, .unavailable, nil)
    case "NOAUTH": return (.refused, .unauthenticated, "option \"password\" is needed")
    case "WRONGPASS": return (.refused, .unauthenticated, "check the options \"username\" and \"password\"")
    case "NOPERM": return (.refused, .permissionDenied, nil)
    case "OOM": return (.refused, .backend, "the server has no memory left, see its setting maxmemory")
    case "MOVED", "ASK", "CROSSSLOT":
      return (.refused, .unsupported, "Redis Cluster is not supported, connect to one server")
    case "NOPROTO", "DENIED": return (.refused, .permissionDenied, nil)
    default: break
    }
    if text.hasPrefix("ERR AUTH") { return (.refused, .unauthenticated, nil) }
    if text.lowercased().contains("unknown command") {
      return (.refused, .unsupported, "the server lacks the query engine: it needs Redis 8 or Redis Stack")
    }
    if saysAbsent(text) { return (.refused, .notFound, nil) }
    if text.hasPrefix("Timeout limit") { return (.unavailable, .timeout, nil) }
    return (.refused, .backend, nil)
  }
}
