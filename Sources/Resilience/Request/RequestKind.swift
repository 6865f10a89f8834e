/// The three breakers of an endpoint: a backend may answer reads while it refuses writes.
package enum RequestClass: Int, CaseIterable, Sendable {
  case read, write, control

  /// As health, metrics and events write it.
  package var name: StaticString {
    switch self {
    case .read: "read"
    case .write: "write"
    case .control: "control"
    }
  }
}

/// What one request is, as far as failing and repeating go.
package struct RequestKind: Sendable {
  /// For events and metrics: the operation it serves, "search".
  package let operation: StaticString
  package let requestClass: RequestClass
  /// Sending it twice leaves what sending it once leaves. Reads are; a write that is not is repeated only when it surely
  /// was not sent.
  package let isIdempotent: Bool

  package init(_ operation: StaticString, _ requestClass: RequestClass, isIdempotent: Bool = true) {
    self.operation = operation
    self.requestClass = requestClass
    self.isIdempotent = isIdempotent
  }
}
