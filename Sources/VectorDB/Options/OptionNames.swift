import Support
import VectorModel

/// Every option a user may write, and where it applies: an unknown one is refused with the nearest known name.
enum OptionNames {
  /// Understood by the memory backend.
  static let memory = [
    "auto_fields", "backend", "cache", "connect", "dimensions", "env", "fault_injection", "fields", "index", "metric",
    "mode", "namespace", "resilience", "threads", "timeout", "total_timeout",
  ]

  /// Of the other backends: known by name, so that a misplaced one is not called a typing error.
  static let remote = [
    "api_key", "class_name", "collection", "connection_string", "endpoint", "environment", "host", "index_name", "path",
    "port", "table_name", "url",
  ]

  static func unknown(_ name: ByteString, backend: BackendKind) -> VectorError {
    if remote.contains(where: { ByteString($0) == name }) {
      return VectorError(.invalidOption, "option \(quoted(name)) does not apply to backend \"\(backend.rawValue)\"")
    }
    let hint = nearestName(to: name.text, among: memory + remote).map { "; did you mean \"\($0)\"?" } ?? ""
    return VectorError(.invalidOption, "unknown option \(quoted(name))\(hint)")
  }
}
