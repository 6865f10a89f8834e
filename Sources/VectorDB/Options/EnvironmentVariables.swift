import Glibc
import Support
import VectorModel

/// The option "env": the environment variables that connection options may come from.
enum EnvironmentVariables: Sendable {
  /// `true`, the default: those of this process.
  case process
  /// `false`.
  case none
  /// An object of names and texts. For hosts that keep an environment of their own, as the Erlang virtual machine does.
  case given([(name: ByteString, value: String)])

  static func parse(_ value: JSONValue) throws(VectorError) -> EnvironmentVariables {
    guard value.kind == .object else { return try value.boolean("env") ? .process : .none }
    var variables: [(name: ByteString, value: String)] = []
    for (name, value) in try value.options("env") {
      variables.append((name, try value.string("env.\(name.text)").text))
    }
    return .given(variables)
  }

  /// Nil when it is unset or empty.
  subscript(_ name: String) -> String? {
    let text: String?
    switch self {
    case .process: text = getenv(name).map { String(cString: $0) }
    case .none: text = nil
    case .given(let variables):
      let name = ByteString(name)
      text = variables.first { $0.name == name }?.value
    }
    return text?.isEmpty == false ? text : nil
  }
}
