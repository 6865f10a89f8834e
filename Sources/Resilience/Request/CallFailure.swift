import Support

/// Why a call that may share or wait for somebody else's work gave nothing.
package enum CallFailure<Failure: Error>: Error {
  /// The work itself failed.
  case failed(Failure)
  /// This call's own deadline or cancel came first, whatever becomes of the work.
  case interrupted(CallContext.Interruption)
}
