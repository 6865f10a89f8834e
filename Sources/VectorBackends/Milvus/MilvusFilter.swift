import Support
import VectorModel

/// Compiles filters into Milvus' expressions.
///
/// A leaf is put together so that it is true or false on every server, never unknown: a missing key, or one of another type, makes
/// some servers answer "unknown", which a negation would leave unknown. So `exists` stands before each comparison, and negation is
/// `not` around the whole. `and`, `or` are written as balanced trees: parsers of servers recurse.
struct MilvusFilter {
  /// What a filter comes to.
  enum Compiled: Equatable {
    /// Decided without looking at a record.
    case always(Bool)
    case expression([UInt8])
  }

  /// Whose language it is.
  struct Dialect: Equatable {
    /// Milvus Lite: true equals 1, a comparison of two types is unknown.
    var isLite = false
    /// Records list the keys whose values are bools, see `MilvusMetadata`.
    var listsBools = false
    /// The field with metadata: a JSON field, or "$meta".
    var field = MilvusSettings.Fields.metadata
  }

  private let dialect: Dialect

  init(_ dialect: Dialect) { self.dialect = dialect }

  /// Errors: `unsupported` for what Milvus Lite cannot say of dynamic fields.
  func compile(_ filter: FilterExpression) throws(VectorError) -> Compiled {
    switch filter {
    case .and(let parts): return try join(parts, by: " and ", neutral: true)
    case .or(let parts): return try join(parts, by: " or ", neutral: false)
    case .not(let inner): return Self.negated(try compile(inner))
    case .exists(let key): return .expression(exists(key))
    case .equals(let key, let value): return try oneOf(key, [value])
    case .oneOf(let key, let values): return try oneOf(key, values)
    case .compares(let key, let comparison, let value): return .expression(compares(key, comparison, value))
    }
  }

  private static func negated(_ inner: Compiled) -> Compiled {
    switch inner {
    case .always(let value): .always(!value)
    case .expression(let text): .expression(Array("(not ".utf8) + text + [UInt8(ascii: ")")])
    }
  }

  /// The parts joined; those that are decided already go, or decide the whole.
  private func join(_ parts: [FilterExpression], by word: String, neutral: Bool) throws(VectorError) -> Compiled {
    var texts: [[UInt8]] = []
    for part in parts {
      switch try compile(part) {
      case .always(neutral): continue
      case .always: return .always(!neutral)
      case .expression(let text): texts.append(text)
      }
    }
    if texts.isEmpty { return .always(neutral) }
    return .expression(Self.tree(texts[...], Array(word.utf8)))
  }

  /// `((a or b) or (c or d))`. Depth is logarithmic.
  static func tree(_ texts: ArraySlice<[UInt8]>, _ word: [UInt8]) -> [UInt8] {
    guard texts.count > 1 else { return texts.first ?? [] }
    let middle = texts.startIndex + texts.count / 2
    return [UInt8(ascii: "(")] + tree(texts[..<middle], word) + word + tree(texts[middle...], word)
      + [UInt8(ascii: ")")]
  }

  // MARK: - Leaves

  /// `metadata["key"]`.
  private func path(_ key: ByteString) -> [UInt8] {
    var text = MilvusText()
    text.add("\(dialect.field)[")
    text.add(key: key, isLite: dialect.isLite)
    text.add("]")
    return text.bytes
  }

  private func exists(_ key: ByteString) -> [UInt8] { Array("(exists ".utf8) + path(key) + [UInt8(ascii: ")")] }

  /// One of the values, or a list that contains one of the strings.
  private func oneOf(_ key: ByteString, _ values: [MetadataScalar]) throws(VectorError) -> Compiled {
    var (strings, numbers, bools): ([[UInt8]], [[UInt8]], [[UInt8]]) = ([], [], [])
    let path = path(key)
    var literals: [[UInt8]] = []
    for value in values {
      var text = MilvusText()
      text.add("(")
      text.add(path)
      text.add(" == ")
      text.add(value)
      text.add(")")
      switch value {
      case .string(let string):
        strings.append(text.bytes)
        literals.append(string.bytes)
      case .number: numbers.append(text.bytes)
      case .bool: bools.append(text.bytes)
      }
    }
    var kinds: [[UInt8]] = []
    if !strings.isEmpty {
      strings.append(try contains(path, literals))
      kinds.append(guarded(exists(key), strings))
    }
    if !numbers.isEmpty { kinds.append(guarded(isNumber(key), numbers)) }
    if !bools.isEmpty { kinds.append(guarded(isBool(key), bools)) }
    return kinds.isEmpty ? .always(false) : .expression(Self.tree(kinds[...], Array(" or ".utf8)))
  }

  private func compares(
    _ key: ByteString, _ comparison: FilterExpression.Comparison, _ bound: MetadataScalar
  ) -> [UInt8] {
    var text = MilvusText()
    text.add("(")
    text.add(path(key))
    switch comparison {
    case .less: text.add(" < ")
    case .lessOrEqual: text.add(" <= ")
    case .greater: text.add(" > ")
    case .greaterOrEqual: text.add(" >= ")
    }
    text.add(bound)
    text.add(")")
    if case .string = bound { return guarded(isString(key), [text.bytes]) }
    return guarded(isNumber(key), [text.bytes])
  }

  private func guarded(_ condition: [UInt8], _ tests: [[UInt8]]) -> [UInt8] {
    Self.tree([condition, Self.tree(tests[...], Array(" or ".utf8))], Array(" and ".utf8))
  }

  private func contains(_ path: [UInt8], _ strings: [[UInt8]]) throws(VectorError) -> [UInt8] {
    guard !(dialect.isLite && dialect.field == MilvusCollection.dynamicField) else {
      throw VectorError(
        .unsupported,
        "Milvus Lite cannot look into lists of a dynamic field, so \"$eq\" and \"$in\" on strings need a JSON field")
    }
    var text = MilvusText()
    text.add("json_contains_any(")
    text.add(path)
    text.add(", ")
    text.addList(strings)
    text.add(")")
    return text.bytes
  }

  // MARK: - Types, where a server does not keep them apart by itself

  private func isString(_ key: ByteString) -> [UInt8] {
    guard dialect.isLite else { return exists(key) }
    // `like` is false for what is no string.
    return all(exists(key), Array("(".utf8) + path(key) + Array(" like \"%\")".utf8))
  }

  private func isNumber(_ key: ByteString) -> [UInt8] {
    guard dialect.isLite else { return exists(key) }
    let path = path(key)
    // Neither a string nor a list, which alone has a first item, nor a bool.
    var parts = [
      exists(key), Array("(not (".utf8) + path + Array(" like \"%\"))".utf8),
      Array("(not (exists ".utf8) + path + Array("[0]))".utf8),
    ]
    if dialect.listsBools { parts.append(Array("(not ".utf8) + isListedAsBool(key) + Array(")".utf8)) }
    return Self.tree(parts[...], Array(" and ".utf8))
  }

  private func isBool(_ key: ByteString) -> [UInt8] {
    dialect.isLite && dialect.listsBools ? all(exists(key), isListedAsBool(key)) : exists(key)
  }

  private func isListedAsBool(_ key: ByteString) -> [UInt8] {
    var text = MilvusText()
    text.add("json_contains(")
    text.add(path(ByteString(MilvusMetadata.boolsKey)))
    text.add(", ")
    text.add(literal: key.bytes)
    text.add(")")
    return text.bytes
  }

  private func all(_ parts: [UInt8]...) -> [UInt8] { Self.tree(parts[...], Array(" and ".utf8)) }
}
