import Support
import VectorModel

/// Every option a user may write, and where it applies: an unknown one is refused with the nearest known name.
enum OptionNames {
  /// Understood with every backend.
  static let common = [
    "auto_fields", "backend", "cache", "connect", "dimensions", "env", "fault_injection", "fields", "index", "metric",
    "mode", "namespace", "resilience", "timeout", "total_timeout",
  ]

  /// Of backends that this version does not have: known by name, so that a misplaced one is not called a typing error.
  static let planned = [
    "api_key", "class_name", "collection", "endpoint", "environment", "host", "index_name", "path", "port", "url",
  ]

  static func unknown(_ name: ByteString, backend: BackendKind) -> VectorError {
    let own = common + backend.optionNames
    let others = planned + BackendKind.allCases.flatMap(\.optionNames)
    if others.contains(where: { ByteString($0) == name }) {
      return VectorError(.invalidOption, "option \(quoted(name)) does not apply to backend \"\(backend.rawValue)\"")
    }
    let nearest = nearestName(to: name.text, among: own) ?? nearestName(to: name.text, among: others)
    return VectorError(
      .invalidOption, "unknown option \(quoted(name))\(nearest.map { "; did you mean \"\($0)\"?" } ?? "")")
  }
}
