import CLibraries
import CSupport

/// Keeps the host's signals and cancels away from pieces of libcurl's work, on the thread that does it.
///
/// Signals matter to two things that libcurl does. It may start a thread to look a name up, which must run none of the
/// host's handlers. And what a TLS library writes to a broken connection raises SIGPIPE, while libcurl's own writes never do.
/// So a connection without TLS holds them only from the moment a name is looked up: a hold takes three system calls, and
/// every request over a connection that stands is several pieces of work.
final class HTTPSignals {
  private let isAlwaysHeld: Bool
  private var hold = vdb_signal_hold()
  private var isHeld = false

  init(alwaysHeld: Bool) { isAlwaysHeld = alwaysHeld }

  /// Runs a piece of work that does not wait: a host's Ctrl-C may stand still so long.
  func around<Result>(_ work: () -> Result) -> Result {
    let cancellation = vdb_cancellation_off()
    if isAlwaysHeld { begin() }
    defer {
      release()
      vdb_cancellation_restore(cancellation)
    }
    return work()
  }

  /// Runs such a piece with signals held all the time, whatever it does.
  func held<Result>(_ work: () -> Result) -> Result {
    around {
      begin()
      return work()
    }
  }

  /// Holds signals until the end of the piece of work.
  func begin() {
    if isHeld { return }
    vdb_signals_hold(&hold)
    isHeld = true
  }

  private func release() {
    guard isHeld else { return }
    vdb_signals_release(&hold)
    isHeld = false
  }
}
