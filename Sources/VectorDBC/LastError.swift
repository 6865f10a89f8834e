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
    guard let key, let raw = pthread_getspecific(key) else { return nil }
    return Unmanaged<LastError>.fromOpaque(raw).takeUnretainedValue()
  }

  static func set(_ error: VectorError) {
    let box: LastError
    if let current {
      box = current
    } else {
      guard let key else { return }
      box = LastError()
      let raw = Unmanaged.passRetained(box).toOpaque()
      if pthread_setspecific(key, raw) != 0 {
        Unmanaged<LastError>.fromOpaque(raw).release()
        return
      }
    }
    box.error = error
    free(box.text)
    box.text = error.message.withCString { strdup($0) }
  }

  /// Nil when the process has used up its keys: then there is a status, and no message.
  private static let key: pthread_key_t? = {
    var key = pthread_key_t()
    let refused = pthread_key_create(&key) { raw in
      if let raw { Unmanaged<LastError>.fromOpaque(raw).release() }
    }
    return refused == 0 ? key : nil
  }()
}
