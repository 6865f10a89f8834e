import CSupport
import Glibc
import Support
import VectorModel

/// The last failed call of each thread. Success leaves it alone; only the next failure replaces it.
final class LastError {
  private(set) var error = VectorError(.ok, "")
  /// NUL-terminated text, owned; what `vdb_last_error_message` lends out.
  private(set) var text: UnsafeMutablePointer<CChar>?

  deinit { free(text) }

  /// Nil when no call of this thread failed yet.
  static var current: LastError? {
    guard let raw = vdb_thread_value() else { return nil }
    return Unmanaged<LastError>.fromOpaque(raw).takeUnretainedValue()
  }

  /// Where the process has used up its thread keys there is a status, and no message.
  static func set(_ error: VectorError) {
    let box: LastError
    if let current {
      box = current
    } else {
      box = LastError()
      let raw = Unmanaged.passRetained(box)
      guard vdb_thread_set_value(raw.toOpaque(), { Unmanaged<LastError>.fromOpaque($0).release() }) != 0 else {
        raw.release()
        return
      }
    }
    box.error = error
    free(box.text)
    box.text = error.message.withCString { strdup($0) }
  }
}
