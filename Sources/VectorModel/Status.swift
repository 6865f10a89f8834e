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
