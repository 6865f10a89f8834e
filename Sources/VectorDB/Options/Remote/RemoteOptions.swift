import Support
import VectorModel

/// The options that one network backend takes beside the common ones, read while a database is opened.
///
/// Remembers where each came from, for `describe`, and which values are secrets, so that no message repeats them. One thread.
final class RemoteOptions {
  /// Where a value comes from, as `describe` says it.
  enum Source: String, Sendable { case option, environment, `default` }

  let backend: BackendKind
  /// The database's name, which the collection has unless an option says otherwise.
  let name: ByteString
  private let given: [(name: ByteString, value: JSONValue)]
  private let variables: EnvironmentVariables
  /// Values that must not be told: passwords, tokens, keys.
  private(set) var secrets: [String] = []
  /// What `describe` tells, in the order it was read.
  private(set) var described: [DescribedOption] = []

  /// No option's text is longer, in bytes.
  static let maxTextLength = 16_384

  /// - Parameter given: the options that are not among the common ones.
  init(
    backend: BackendKind, name: ByteString, given: [(name: ByteString, value: JSONValue)],
    environment: EnvironmentVariables
  ) {
    self.backend = backend
    self.name = name
    self.given = given
    variables = environment
  }

  /// Whether the option was given.
  func has(_ option: String) -> Bool { value(option) != nil }

  /// A text that is told by `describe`; nil when it was not given or is null.
  func text(_ option: String) throws(VectorError) -> String? {
    guard let text = try read(option) else { return nil }
    note(option, text, .option)
    return text
  }

  /// A text that is never told.
  func secret(_ option: String) throws(VectorError) -> String? {
    guard let text = try read(option) else { return nil }
    noteSecret(option, text, .option)
    return text
  }

  func integer(_ option: String, _ range: ClosedRange<Int>) throws(VectorError) -> Int? {
    guard let value = value(option) else { return nil }
    let number = try value.integer(option, range)
    note(option, "\(number)", .option)
    return number
  }

  func boolean(_ option: String) throws(VectorError) -> Bool? {
    guard let value = value(option) else { return nil }
    let flag = try value.boolean(option)
    note(option, flag ? "true" : "false", .option)
    return flag
  }

  func choice(_ option: String, _ known: [String]) throws(VectorError) -> String? {
    guard let value = value(option) else { return nil }
    let choice = try value.choice(option, known)
    note(option, choice, .option)
    return choice
  }

  /// An environment variable; nil when it is unset or empty, or the option "env" keeps it away. Whoever uses it says so with
  /// `note` or `noteSecret`.
  func environment(_ variable: String) -> String? { variables[variable] }

  /// Has `describe` tell a value: one from the environment, a default, or a part of a text that is itself a secret.
  func note(_ option: String, _ value: String, _ source: Source) {
    described.append(DescribedOption(name: option, value: value, source: source))
  }

  /// Has `describe` tell that there is a secret, and every message leave it out.
  func noteSecret(_ option: String, _ value: String, _ source: Source) {
    described.append(DescribedOption(name: option, value: nil, source: source))
    keepSecret(value)
  }

  /// Has every message leave out a text, such as the password inside a URL.
  func keepSecret(_ value: String) {
    if !value.isEmpty { secrets.append(value) }
  }

  private func value(_ option: String) -> JSONValue? {
    let name = ByteString(option)
    guard let value = given.first(where: { $0.name == name })?.value, !value.isNull else { return nil }
    return value
  }

  private func read(_ option: String) throws(VectorError) -> String? {
    guard let value = value(option) else { return nil }
    let bytes = try value.string(option)
    guard 1...Self.maxTextLength ~= bytes.count else {
      throw VectorError(
        .invalidOption, "option \"\(option)\" is \(bytes.count) bytes long, expected 1 to \(Self.maxTextLength)")
    }
    guard !bytes.bytes.contains(0) else {
      throw VectorError(.invalidOption, "option \"\(option)\" holds a NUL character")
    }
    return bytes.text
  }
}

/// One option as `describe` tells it.
struct DescribedOption: Sendable {
  let name: String
  /// nil = a secret.
  let value: String?
  let source: RemoteOptions.Source

  func write(to json: inout JSONWriter) {
    json.object(name) { json in
      if let value { json.field("value", value) } else { json.field("secret", true) }
      json.field("source", source.rawValue)
    }
  }
}
