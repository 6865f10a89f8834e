import Support

/// Lets attempts through to an endpoint, or holds them up: a rate limiter, a bulkhead.
package protocol Admission: AnyObject, Sendable {
  /// Waits, within the context, until the attempt may go on. Every `enter` that returns is followed by one `leave`.
  func enter(_ context: CallContext) throws(AdmissionFailure)

  /// The attempt has ended.
  func leave()
}

/// Why an attempt was not let through.
package enum AdmissionFailure: Error, Equatable {
  /// Too many wait already, or the wait would be too long; `retryAfter` nanoseconds when that can be told.
  case overloaded(retryAfter: UInt64?)
  case deadlineExceeded
  case cancelled
}
