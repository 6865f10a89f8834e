import Resilience
import Support
import VectorModel

/// One setting of a group as users write it: its name in JSON and the property that holds it.
///
/// A group is a table of these, and the table is all there is: reading, `describe`, the nearest known name and the check that
/// `docs/resilience.md` speaks of every setting go through it. Ranges are the business of the group itself.
struct Setting<Group: Sendable>: Sendable {
  typealias Reader = @Sendable (JSONValue, _ option: String, inout Group) throws(VectorError) -> Void
  typealias Path<Value> = any WritableKeyPath<Group, Value> & Sendable

  let name: String
  private let form: Form

  private enum Form: Sendable {
    case duration(Path<Duration>, Unit)
    /// `false` and `null` switch it off.
    case optionalDuration(Path<Duration?>, Unit)
    case count(Path<Int>)
    case seed(Path<UInt64>)
    case optionalCount(Path<Int?>)
    case number(Path<Double>)
    case optionalNumber(Path<Double?>)
    case flag(Path<Bool>)
    /// Anything else.
    case custom(read: Reader, write: @Sendable (Group, inout JSONWriter) -> Void)
    case choice([String], get: @Sendable (Group) -> String, set: @Sendable (inout Group, String) -> Void)
  }

  /// Unit of a duration; names that end in "_ms" are written in milliseconds, all others in seconds.
  enum Unit: Double, Sendable {
    case seconds = 1
    case milliseconds = 1e-3
  }

  private init(_ name: String, _ form: Form) {
    self.name = name
    self.form = form
  }

  init(_ name: String, _ path: Path<Duration>) { self.init(name, .duration(path, Self.unit(of: name))) }
  init(_ name: String, _ path: Path<Duration?>) { self.init(name, .optionalDuration(path, Self.unit(of: name))) }
  init(_ name: String, _ path: Path<Int>) { self.init(name, .count(path)) }
  init(_ name: String, _ path: Path<UInt64>) { self.init(name, .seed(path)) }
  init(_ name: String, _ path: Path<Int?>) { self.init(name, .optionalCount(path)) }
  init(_ name: String, _ path: Path<Double>) { self.init(name, .number(path)) }
  init(_ name: String, _ path: Path<Double?>) { self.init(name, .optionalNumber(path)) }
  init(_ name: String, _ path: Path<Bool>) { self.init(name, .flag(path)) }

  /// One of the names of an enumeration.
  init<Choice: CaseIterable & RawRepresentable & Sendable>(_ name: String, _ path: Path<Choice>)
  where Choice.RawValue == String {
    self.init(
      name,
      .choice(
        Choice.allCases.map(\.rawValue), get: { $0[keyPath: path].rawValue },
        set: { group, text in if let choice = Choice(rawValue: text) { group[keyPath: path] = choice } }))
  }

  init(_ name: String, read: @escaping Reader, write: @escaping @Sendable (Group, inout JSONWriter) -> Void) {
    self.init(name, .custom(read: read, write: write))
  }

  private static func unit(of name: String) -> Unit { name.hasSuffix("_ms") ? .milliseconds : .seconds }

  /// Reads `value`, which stands at `option`, "resilience.retry.max_attempts".
  func read(_ value: JSONValue, _ option: String, into group: inout Group) throws(VectorError) {
    switch form {
    case .duration(let path, let unit): group[keyPath: path] = try value.duration(option, unit.rawValue)
    case .optionalDuration(let path, let unit):
      group[keyPath: path] = value.isOff ? nil : try value.duration(option, unit.rawValue)
    case .count(let path): group[keyPath: path] = try value.integer(option, 0...Int.max)
    case .seed(let path): group[keyPath: path] = UInt64(try value.integer(option, 0...Int.max))
    case .optionalCount(let path): group[keyPath: path] = value.isOff ? nil : try value.integer(option, 0...Int.max)
    case .number(let path): group[keyPath: path] = try value.number(option)
    case .optionalNumber(let path): group[keyPath: path] = value.isOff ? nil : try value.number(option)
    case .flag(let path): group[keyPath: path] = try value.boolean(option)
    case .custom(let read, _): try read(value, option, &group)
    case .choice(let known, _, let set): set(&group, try value.choice(option, known))
    }
  }

  /// Writes the value as it would be read.
  func write(_ group: Group, to json: inout JSONWriter) {
    switch form {
    case .duration(let path, let unit): json.field(name, group[keyPath: path].seconds / unit.rawValue)
    case .optionalDuration(let path, let unit):
      if let value = group[keyPath: path] { json.field(name, value.seconds / unit.rawValue) } else { json.null(name) }
    case .count(let path): json.field(name, group[keyPath: path])
    case .seed(let path): json.field(name, group[keyPath: path])
    case .optionalCount(let path):
      if let value = group[keyPath: path] { json.field(name, value) } else { json.null(name) }
    case .number(let path): json.field(name, group[keyPath: path])
    case .optionalNumber(let path):
      if let value = group[keyPath: path] { json.field(name, value) } else { json.null(name) }
    case .flag(let path): json.field(name, group[keyPath: path])
    case .custom(_, let write):
      json.key(name)
      write(group, &json)
    case .choice(_, let get, _): json.field(name, get(group))
    }
  }
}

extension SettingGroup {
  /// Reads an object of settings over `defaults` and checks the whole. An unknown name is an error with the nearest known
  /// one; a value out of range one that names the option as the user wrote it.
  static func read(_ value: JSONValue, _ option: String, over defaults: Self) throws(VectorError) -> Self {
    var group = defaults
    for (name, value) in try value.options(option) {
      guard let setting = table.first(where: { ByteString($0.name) == name }) else {
        throw unknownOption(name, in: option, known: table.map(\.name))
      }
      try setting.read(value, "\(option).\(setting.name)", into: &group)
    }
    try checked { () throws(SettingsError) in try group.check() }
    return group
  }

  /// Writes all settings, given or not.
  func write(_ name: String, to json: inout JSONWriter) {
    json.object(name) { json in
      for setting in Self.table { setting.write(self, to: &json) }
    }
  }
}

/// A refused setting as the caller is told of it.
func checked(_ check: () throws(SettingsError) -> Void) throws(VectorError) {
  do throws(SettingsError) { try check() } catch { throw VectorError(.invalidOption, error.message) }
}

/// The error for a name that `option` does not hold.
func unknownOption(_ name: ByteString, in option: String, known: [String]) -> VectorError {
  let hint = nearestName(to: name.text, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
  return VectorError(.invalidOption, "unknown option \(quoted(name)) in \"\(option)\"\(hint)")
}

extension Duration {
  /// Rounded to a double.
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
