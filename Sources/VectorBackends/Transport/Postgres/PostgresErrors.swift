import CLibraries
import Resilience
import Support
import VectorModel

/// What a server or libpq says of a failure.
struct PostgresFault: Error, Equatable {
  /// Five characters of the server; empty where libpq itself failed.
  var state: String
  /// One line.
  var message: String

  /// Its class, the first two characters.
  var stateClass: Substring { state.prefix(2) }
}

extension PostgresFault {
  /// How the attempt failed, and what the caller is told.
  ///
  /// - Parameters:
  ///   - mayHaveApplied: whether a write may have happened where the connection broke.
  ///   - isIdle: the connection lay idle before, so its end says nothing about the server as it is now.
  func failure(mayHaveApplied: Bool, isIdle: Bool) -> AttemptFailure {
    let kind = isIdle && endsIdleConnections ? AttemptFailure.Kind.staleConnection : kind
    // An answer of the server means that the transaction was taken back; a broken connection says nothing.
    let isOpen = kind == .broken || kind == .staleConnection && state.isEmpty
    return AttemptFailure(kind, mayHaveApplied: isOpen && mayHaveApplied, cause: error)
  }

  /// The server or the way to it ended this connection, not the request.
  private var endsIdleConnections: Bool {
    state.isEmpty || ["57P01", "57P02", "57P05", "25P03", "08P01", "08006", "08003"].contains(state)
  }

  private var kind: AttemptFailure.Kind {
    switch state {
    case "": .broken
    case "40001", "40P01", "55P03": .conflicted
    case "53300": .throttled
    case "57P01", "57P02", "57P03", "57P05", "53200", "53000": .unavailable
    default: stateClass == "08" ? .unavailable : .refused
    }
  }

  /// What the caller is told.
  var error: VectorError {
    VectorError(status, state.isEmpty ? message : "Postgres refuses: \(message) (SQLSTATE \(state))")
  }

  private var status: Status {
    switch state {
    case "": .unavailable
    case "28P01", "28000": .unauthenticated
    case "42501": .permissionDenied
    case "3D000", "42P01", "3F000": .notFound
    case "25006": .readOnly
    case "53300": .throttled
    case "57014": .timeout
    case "57P01", "57P02", "57P03", "57P05", "53200", "53000": .unavailable
    case "40001", "40P01", "55P03": .conflict
    case "0A000", "58P01": .unsupported
    default: stateClass == "08" ? .unavailable : stateClass == "28" ? .unauthenticated : .backend
    }
  }
}

extension Libpq {
  /// What a failed result says.
  func fault(of result: OpaquePointer) -> PostgresFault {
    // PG_DIAG_SQLSTATE and PG_DIAG_MESSAGE_PRIMARY, which are characters in C.
    let state = functions.pointee.PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map { String(cString: $0) } ?? ""
    let message = functions.pointee.PQresultErrorField(result, Int32(UInt8(ascii: "M"))).map { String(cString: $0) }
    let whole = functions.pointee.PQresultErrorMessage(result).map { String(cString: $0) } ?? ""
    return PostgresFault(state: state, message: oneLine(message ?? whole))
  }

  /// What libpq says of a connection.
  func fault(of connection: OpaquePointer?) -> String {
    oneLine(functions.pointee.PQerrorMessage(connection).map { String(cString: $0) } ?? "")
  }

  /// Why connecting failed, from a message that was asked to be verbose: only its text holds the server's code.
  func connectFault(of connection: OpaquePointer) -> PostgresFault {
    let text = functions.pointee.PQerrorMessage(connection).map { String(cString: $0) } ?? ""
    var lines = text.utf8.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    lines.removeAll { $0.hasPrefix("LOCATION:") }
    if let last = lines.last(where: { PostgresFault.stateInside($0) != nil }) {
      return PostgresFault(state: PostgresFault.stateInside(last) ?? "", message: oneLine(last))
    }
    let needsPassword = functions.pointee.PQconnectionNeedsPassword(connection) != 0
    return PostgresFault(state: needsPassword ? "28P01" : "", message: oneLine(lines.joined(separator: "; ")))
  }
}

extension PostgresFault {
  /// The code in "…: FATAL:  28P01: text"; the word before it depends on the server's language.
  static func stateInside(_ line: String) -> String? {
    let bytes = Array(line.utf8)
    guard bytes.count >= 10 else { return nil }
    for at in 0...(bytes.count - 10) where bytes[at] == UInt8(ascii: ":") {
      guard bytes[at + 1] == 0x20, bytes[at + 2] == 0x20, bytes[at + 8] == UInt8(ascii: ":"), bytes[at + 9] == 0x20
      else { continue }
      let code = bytes[(at + 3)..<(at + 8)]
      let isCode = code.allSatisfy {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0
      }
      if isCode { return String(decoding: code, as: UTF8.self) }
    }
    return nil
  }
}

/// A message on one line and not long.
private func oneLine(_ text: String) -> String {
  let line = text.utf8.split { $0 < 0x20 }.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "; ")
  return line.utf8.count <= 400 ? line : String(decoding: line.utf8.prefix(400), as: UTF8.self) + "…"
}
