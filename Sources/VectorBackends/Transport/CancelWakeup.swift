import CSupport
import Support

/// A descriptor that becomes readable when a call is cancelled: what a thread waits for beside its sockets.
///
/// One for each connection, used by one call after the other; a wake-up that arrives late for its call makes the next one
/// look at its own flag once too often.
package final class CancelWakeup: CancelObserver {
  package let descriptor: Int32

  /// nil when the process has no descriptor left.
  package init?() {
    descriptor = vdb_wakeup_new()
    if descriptor < 0 { return nil }
  }

  deinit {
    if descriptor >= 0 { vdb_wakeup_close(descriptor) }
  }

  package func cancelRaised() { vdb_wakeup_raise(descriptor) }

  /// Runs `body` while a cancel of the call makes `descriptor` readable. `body` looks at `context.interruption()` before each
  /// wait: a call that was cancelled before wakes nobody.
  package func watching<Result, Failure: Error>(
    _ context: CallContext, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard let cancel = context.cancel else { return try body() }
    vdb_wakeup_clear(descriptor)
    cancel.observe(self)
    defer { cancel.stopObserving(self) }
    return try body()
  }
}
