import Support
import VectorModel

/// A filter in the query language of Redis. Strings go beside the query as parameters, so no value can become part of it.
struct RedisQuery: Sendable, Equatable {
  /// Which records match.
  enum Matching: Sendable, Equatable {
    case all
    case none
    /// Those of the text.
    case query
  }

  var matching = Matching.all
  /// In parentheses.
  var text: [UInt8] = []
  /// Values of the parameters p0, p1, ….
  var parameters: [ByteString] = []

  /// Every record of a namespace that also matches.
  mutating func restrict(to namespace: ByteString) {
    if matching == .none { return }
    let clause =
      Array("(@".utf8) + RedisColumn.namespaceField.bytes + Array(":{$p\(parameters.count)})".utf8)
    parameters.append(Self.literal(RedisTag.namespace(namespace)))
    text = matching == .all ? clause : Array("(".utf8) + clause + [0x20] + text + Array(")".utf8)
    matching = .query
  }

  /// As the first part of a vector query, or as a query of its own.
  var queryText: [UInt8] { matching == .all ? [UInt8(ascii: "*")] : text }
}

/// Compiles filters against the fields an index has.
///
/// Negation is pushed to the leaves and is there the engine's own complement, which holds for records without the key, too. A
/// key without a field is in no record: a constant. Not deeper than JSON may be nested.
struct RedisFilterCompiler {
  let index: RedisIndex
  private(set) var query = RedisQuery()
  /// Whether a key had no field: there may be one by now.
  private(set) var missesField = false

  init(_ index: RedisIndex) { self.index = index }

  /// A part of the query: its text, or a constant.
  private enum Part {
    case all
    case none
    case text([UInt8])

    var negated: Part {
      switch self {
      case .all: .none
      case .none: .all
      case .text(let text): .text(Array("(-".utf8) + text + Array(")".utf8))
      }
    }
  }

  /// Errors: `unsupported` naming the operator.
  static func compile(
    _ filter: Filter?, _ index: RedisIndex
  ) throws(VectorError) -> (query: RedisQuery, missesField: Bool) {
    guard let filter else { return (RedisQuery(), false) }
    var compiler = RedisFilterCompiler(index)
    switch try compiler.part(filter.expression, isNegated: false) {
    case .all: compiler.query.matching = .all
    case .none: compiler.query.matching = .none
    case .text(let text):
      compiler.query.text = text
      compiler.query.matching = .query
    }
    return (compiler.query, compiler.missesField)
  }

  private mutating func part(_ expression: FilterExpression, isNegated: Bool) throws(VectorError) -> Part {
    switch expression {
    case .and(let parts): return try joined(parts, isNegated: isNegated, isUnion: isNegated)
    case .or(let parts): return try joined(parts, isNegated: isNegated, isUnion: !isNegated)
    case .not(let inner): return try part(inner, isNegated: !isNegated)
    case .equals(let key, let value): return negated(isNegated, union([try equal(key, [value])]))
    case .oneOf(let key, let values): return negated(isNegated, union([try equal(key, values)]))
    case .compares(let key, let comparison, let value):
      return negated(isNegated, try range(key, comparison, value))
    case .exists(let key): return negated(isNegated, try exists(key))
    }
  }

  private func negated(_ isNegated: Bool, _ part: Part) -> Part { isNegated ? part.negated : part }

  /// All of them, or any of them.
  private mutating func joined(
    _ expressions: [FilterExpression], isNegated: Bool, isUnion: Bool
  ) throws(VectorError) -> Part {
    var parts: [Part] = []
    for expression in expressions { parts.append(try part(expression, isNegated: isNegated)) }
    return isUnion ? union(parts) : intersection(parts)
  }

  private func union(_ parts: [Part]) -> Part {
    var texts: [[UInt8]] = []
    for part in parts {
      switch part {
      case .all: return .all
      case .none: continue
      case .text(let text): texts.append(text)
      }
    }
    return texts.isEmpty ? .none : .text(Self.join(texts, with: UInt8(ascii: "|")))
  }

  private func intersection(_ parts: [Part]) -> Part {
    var texts: [[UInt8]] = []
    for part in parts {
      switch part {
      case .all: continue
      case .none: return .none
      case .text(let text): texts.append(text)
      }
    }
    return texts.isEmpty ? .all : .text(Self.join(texts, with: 0x20))
  }

  private static func join(_ texts: [[UInt8]], with separator: UInt8) -> [UInt8] {
    if texts.count == 1 { return texts[0] }
    return Array("(".utf8) + texts.joined(separator: [separator]) + Array(")".utf8)
  }

  // MARK: - Leaves

  /// One of the values, each in the field of its type.
  private mutating func equal(_ key: ByteString, _ values: [MetadataScalar]) throws(VectorError) -> Part {
    var strings: [ByteString] = []
    var bools: [ByteString] = []
    var parts: [Part] = []
    for value in values {
      switch value {
      case .string(let string): strings.append(string)
      case .bool(let bool): bools.append(bool ? "true" : "false")
      case .number(let number):
        parts.append(numeric(key, Array("[".utf8) + Self.digits(number) + [0x20] + Self.digits(number) + [0x5D]))
      }
    }
    if !strings.isEmpty { parts.append(tags(key, .strings, strings)) }
    if !bools.isEmpty { parts.append(tags(key, .bool, bools)) }
    return union(parts)
  }

  private mutating func range(
    _ key: ByteString, _ comparison: FilterExpression.Comparison, _ value: MetadataScalar
  ) throws(VectorError) -> Part {
    switch value {
    case .bool: return .none
    case .string:
      throw VectorError(
        .unsupported, "the backend redis cannot compare strings with \(comparison.rawValue): key \(quoted(key))")
    case .number(let number):
      let digits = Self.digits(number)
      let bounds: [UInt8] =
        switch comparison {
        case .less: Array("[-inf (".utf8) + digits
        case .lessOrEqual: Array("[-inf ".utf8) + digits
        case .greater: Array("[(".utf8) + digits + Array(" +inf".utf8)
        case .greaterOrEqual: Array("[".utf8) + digits + Array(" +inf".utf8)
        }
      return numeric(key, bounds + [0x5D])
    }
  }

  private mutating func exists(_ key: ByteString) throws(VectorError) -> Part {
    guard index.isOurs else {
      throw VectorError(
        .unsupported, "the backend redis can use $exists only in indexes that it made: key \(quoted(key))")
    }
    return union([
      tags(key, .strings, [RedisTag.present], isRaw: true), numeric(key, Array("[-inf +inf]".utf8)),
      tags(key, .bool, ["true", "false"]),
    ])
  }

  private mutating func numeric(_ key: ByteString, _ bounds: [UInt8]) -> Part {
    guard let name = field(key, .number) else { return .none }
    return .text(Array("(@".utf8) + name + Array(":".utf8) + bounds + Array(")".utf8))
  }

  /// Records with one of these tags. `isRaw` where the values are tags already.
  private mutating func tags(
    _ key: ByteString, _ kind: RedisColumn.Kind, _ values: [ByteString], isRaw: Bool = false
  ) -> Part {
    guard let name = field(key, kind) else { return .none }
    var text = Array("(@".utf8) + name + Array(":{".utf8)
    for (number, value) in values.enumerated() {
      if number > 0 { text.append(UInt8(ascii: "|")) }
      text += Array("$p\(query.parameters.count)".utf8)
      query.parameters.append(RedisQuery.literal(isRaw || !index.isOurs ? value : RedisTag.tag(value)))
    }
    return .text(text + Array("})".utf8))
  }

  /// Name of the field that holds a key's values of a type, escaped; nil when there is none.
  private mutating func field(_ key: ByteString, _ kind: RedisColumn.Kind) -> [UInt8]? {
    let name = index.isOurs ? RedisColumn(key, kind).field : key
    guard let field = index.fields[name], field.kind == (kind == .number ? .numeric : .tag) else {
      missesField = true
      return nil
    }
    return RedisQuery.escaped(name)
  }

  /// The fewest digits that read back as the number.
  private static func digits(_ number: Double) -> [UInt8] {
    let buffer = ColumnBuffer<UInt8>()
    var json = JSONWriter(buffer)
    json.number(number)
    return withExtendedLifetime(buffer) { Array(buffer.elements) }
  }
}

extension RedisQuery {
  /// A tag as a parameter: even there the engine reads a backslash before punctuation as an escape.
  static func literal(_ tag: ByteString) -> ByteString {
    let backslash = UInt8(ascii: "\\")
    guard tag.bytes.contains(backslash) else { return tag }
    return ByteString(tag.bytes.flatMap { $0 == backslash ? [backslash, backslash] : [$0] })
  }

  /// A field's name as the query language takes it.
  static func escaped(_ name: ByteString) -> [UInt8] {
    var escaped: [UInt8] = []
    escaped.reserveCapacity(name.count + 8)
    for byte in name.bytes {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x80...: break
      default: escaped.append(UInt8(ascii: "\\"))
      }
      escaped.append(byte)
    }
    return escaped
  }
}
