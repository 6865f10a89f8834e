import Support

/// Why a call failed: a status, one line of text, and what is known around it.
///
/// The text says what, with which value, and what was expected. It never holds a secret.
package struct VectorError: Error, Sendable, Equatable {
  package var status: Status
  package var message: String
  /// Index of the offending item of a batch.
  package var index: Int?
  package var backend: String?
  package var operation: String?
  package var details: RemoteDetails?

  /// What a remote backend's answer tells.
  package struct RemoteDetails: Sendable, Equatable {
    package var httpStatus: Int?
    package var attempts: Int?
    package var retryAfterMilliseconds: Int?
    package var requestID: String?
    package var applied: Applied?

    package init(applied: Applied? = nil) { self.applied = applied }
  }

  /// Whether a failed write changed anything.
  package enum Applied: String, Sendable { case no, unknown, partly }

  package init(_ status: Status, _ message: String, index: Int? = nil) {
    self.status = status
    self.message = message
    self.index = index
  }

  package init(_ interruption: CallContext.Interruption) {
    switch interruption {
    case .cancelled: self.init(.cancelled, "the call was cancelled by its token")
    case .deadlineExceeded: self.init(.timeout, "the deadline of the call passed")
    }
  }
}

extension Pace {
  /// Notes work of `units`. Errors: `cancelled`, `timeout`.
  @inline(__always)
  package mutating func spend(_ units: Int) throws(VectorError) {
    if let interruption = interruption(after: units) { throw VectorError(interruption) }
  }

  /// Notes work that is told by the bytes it looks at or writes, a step that is slow for its bytes by more of them. Errors:
  /// `cancelled`, `timeout`.
  @inline(__always)
  package mutating func spend(bytes: Int) throws(VectorError) { try spend(1 + bytes / 16) }
}
