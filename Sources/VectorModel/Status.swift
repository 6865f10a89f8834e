/// Outcome codes of the library. The numbers are those of `include/vectordb.h` and are never reused.
package enum Status: Int32, Sendable, CaseIterable {
  case ok = 0

  case invalidArgument = -100
  case invalidHandle = -101
  case closed = -102
  case invalidID = -103
  case invalidUTF8 = -104
  case invalidJSON = -105
  case invalidMetadata = -106
  case invalidFilter = -107
  case invalidOption = -108
  case invalidVector = -109
  case dimensionMismatch = -110
  case invalidK = -111
  case tooLarge = -112
  case bufferTooSmall = -113
  case unsupported = -114

  case notFound = -200
  case alreadyExists = -201
  case conflict = -202
  case readOnly = -203
  case forked = -204

  case cancelled = -300
  case timeout = -301
  case partial = -302

  case unavailable = -400
  case circuitOpen = -401
  case throttled = -402
  case overloaded = -403
  case unauthenticated = -404
  case permissionDenied = -405
  case protocolViolation = -406
  case backend = -407

  case outOfMemory = -500
  case io = -501
  case corrupt = -502
  case missingLibrary = -503
  case `internal` = -504
}

extension Status {
  /// Name of the constant in `include/vectordb.h`.
  package var name: StaticString {
    switch self {
    case .ok: "VDB_OK"
    case .invalidArgument: "VDB_E_INVALID_ARGUMENT"
    case .invalidHandle: "VDB_E_INVALID_HANDLE"
    case .closed: "VDB_E_CLOSED"
    case .invalidID: "VDB_E_INVALID_ID"
    case .invalidUTF8: "VDB_E_INVALID_UTF8"
    case .invalidJSON: "VDB_E_INVALID_JSON"
    case .invalidMetadata: "VDB_E_INVALID_METADATA"
    case .invalidFilter: "VDB_E_INVALID_FILTER"
    case .invalidOption: "VDB_E_INVALID_OPTION"
    case .invalidVector: "VDB_E_INVALID_VECTOR"
    case .dimensionMismatch: "VDB_E_DIMENSION_MISMATCH"
    case .invalidK: "VDB_E_INVALID_K"
    case .tooLarge: "VDB_E_TOO_LARGE"
    case .bufferTooSmall: "VDB_E_BUFFER_TOO_SMALL"
    case .unsupported: "VDB_E_UNSUPPORTED"
    case .notFound: "VDB_E_NOT_FOUND"
    case .alreadyExists: "VDB_E_ALREADY_EXISTS"
    case .conflict: "VDB_E_CONFLICT"
    case .readOnly: "VDB_E_READ_ONLY"
    case .forked: "VDB_E_FORKED"
    case .cancelled: "VDB_E_CANCELLED"
    case .timeout: "VDB_E_TIMEOUT"
    case .partial: "VDB_E_PARTIAL"
    case .unavailable: "VDB_E_UNAVAILABLE"
    case .circuitOpen: "VDB_E_CIRCUIT_OPEN"
    case .throttled: "VDB_E_THROTTLED"
    case .overloaded: "VDB_E_OVERLOADED"
    case .unauthenticated: "VDB_E_UNAUTHENTICATED"
    case .permissionDenied: "VDB_E_PERMISSION_DENIED"
    case .protocolViolation: "VDB_E_PROTOCOL"
    case .backend: "VDB_E_BACKEND"
    case .outOfMemory: "VDB_E_OUT_OF_MEMORY"
    case .io: "VDB_E_IO"
    case .corrupt: "VDB_E_CORRUPT"
    case .missingLibrary: "VDB_E_MISSING_LIBRARY"
    case .internal: "VDB_E_INTERNAL"
    }
  }
}
