import Support
import VectorModel

/// A filter as Chroma's `where`, which has no negation, no test for a key's presence, no order of strings, and one condition for
/// each object.
///
/// `$not` is pushed down to the leaves, each of which becomes its own complement: `$ne` and `$nin` match records without the key.
indirect enum ChromaFilter: Equatable, Sendable {
  case everything
  case nothing
  case and([ChromaFilter])
  case or([ChromaFilter])
  case test(key: ByteString, op: Operator, [MetadataScalar])

  /// An operator of Chroma.
  enum Operator: String, Sendable {
    case eq = "$eq"
    case ne = "$ne"
    case gt = "$gt"
    case gte = "$gte"
    case lt = "$lt"
    case lte = "$lte"
    case among = "$in"
    case notAmong = "$nin"
    case contains = "$contains"
    case notContains = "$not_contains"
  }

  /// Conditions in one filter: the server's own limits lie a little above, and beyond them it answers with an error, or no more.
  static let maxTests = 2000
  /// Levels of `$and` and `$or` within each other.
  static let maxDepth = 50

  /// Errors: `unsupported` naming the operator, and for a filter that is larger or deeper than the server takes.
  init(_ filter: FilterExpression) throws(VectorError) {
    self = try Self.compiled(filter, isNegated: false)
    let size = size
    if size.tests > Self.maxTests || size.depth > Self.maxDepth {
      throw VectorError(
        .unsupported,
        "backend \"chroma\" takes filters of at most \(Self.maxTests) conditions and \(Self.maxDepth) levels, this one has \(size.tests) and \(size.depth)"
      )
    }
  }

  // MARK: - Compiling

  private static func compiled(_ filter: FilterExpression, isNegated: Bool) throws(VectorError) -> ChromaFilter {
    switch filter {
    case .not(let inner): return try compiled(inner, isNegated: !isNegated)
    case .and(let parts): return joined(try compiled(parts, isNegated: isNegated), all: !isNegated)
    case .or(let parts): return joined(try compiled(parts, isNegated: isNegated), all: isNegated)
    case .equals(let key, let value): return equals(key, value, isNegated: isNegated)
    case .oneOf(let key, let values): return oneOf(key, values, isNegated: isNegated)
    case .compares(let key, let comparison, let value):
      guard case .number(let number) = value else {
        throw unsupported("order strings", comparison.rawValue, key)
      }
      if isNegated { throw unsupported("negate an order", comparison.rawValue, key) }
      return compares(key, comparison, number)
    case .exists(let key): throw unsupported("tell whether a key is there", "$exists", key)
    }
  }

  private static func compiled(
    _ filters: [FilterExpression], isNegated: Bool
  ) throws(VectorError) -> [ChromaFilter] {
    var parts: [ChromaFilter] = []
    for filter in filters { parts.append(try compiled(filter, isNegated: isNegated)) }
    return parts
  }

  private static func unsupported(_ what: String, _ op: String, _ key: ByteString) -> VectorError {
    VectorError(.unsupported, "backend \"chroma\" cannot \(what): \(op) on key \(quoted(key))")
  }

  /// All of the parts, or one of them, without what decides nothing and without one joint directly within another.
  private static func joined(_ parts: [ChromaFilter], all: Bool) -> ChromaFilter {
    var kept: [ChromaFilter] = []
    for part in parts {
      switch part {
      case .everything: if !all { return .everything }
      case .nothing: if all { return .nothing }
      case .and(let inner) where all: kept += inner
      case .or(let inner) where !all: kept += inner
      default: kept.append(part)
      }
    }
    if kept.isEmpty { return all ? .everything : .nothing }
    return kept.count == 1 ? kept[0] : all ? .and(kept) : .or(kept)
  }

  private static func equals(_ key: ByteString, _ value: MetadataScalar, isNegated: Bool) -> ChromaFilter {
    switch value {
    case .bool: return .test(key: key, op: isNegated ? .ne : .eq, [value])
    case .string:
      // The string itself, or a list that holds it.
      return joined(
        [
          .test(key: key, op: isNegated ? .ne : .eq, [value]),
          .test(key: key, op: isNegated ? .notContains : .contains, [value]),
        ], all: isNegated)
    case .number(let number):
      if isInteger(number) { return .test(key: key, op: isNegated ? .ne : .eq, [value]) }
      // Chroma cuts the fraction off before it compares with a record whose number is an integer: that one is ruled out.
      let (below, above) = neighbours(of: number)
      return isNegated
        ? joined(
          [
            .test(key: key, op: .ne, [value]), .test(key: key, op: .lte, [below]), .test(key: key, op: .gte, [above]),
          ], all: false)
        : joined(
          [.test(key: key, op: .eq, [value]), .test(key: key, op: .gt, [below]), .test(key: key, op: .lt, [above])],
          all: true)
    }
  }

  /// Lists are of one type each.
  private static func oneOf(_ key: ByteString, _ values: [MetadataScalar], isNegated: Bool) -> ChromaFilter {
    var lists: [[MetadataScalar]] = [[], [], []]
    var parts: [ChromaFilter] = []
    for value in values {
      switch value {
      case .string:
        lists[0].append(value)
        parts.append(.test(key: key, op: isNegated ? .notContains : .contains, [value]))
      case .bool: lists[1].append(value)
      case .number(let number) where isInteger(number): lists[2].append(value)
      case .number: parts.append(equals(key, value, isNegated: isNegated))
      }
    }
    for list in lists where !list.isEmpty {
      parts.append(.test(key: key, op: isNegated ? .notAmong : .among, list))
    }
    return joined(parts, all: isNegated)
  }

  private static func compares(
    _ key: ByteString, _ comparison: FilterExpression.Comparison, _ number: Double
  ) -> ChromaFilter {
    let value = MetadataScalar.number(number)
    let op: Operator =
      switch comparison {
      case .less: .lt
      case .lessOrEqual: .lte
      case .greater: .gt
      case .greaterOrEqual: .gte
      }
    if isInteger(number) { return .test(key: key, op: op, [value]) }
    // For integers the fraction is cut off: what lies between counts with the integer next to it.
    let (below, above) = neighbours(of: number)
    switch comparison {
    case .less, .lessOrEqual:
      return .or([.test(key: key, op: .lt, [value]), .test(key: key, op: .lte, [below])])
        .orEqual(to: number, key, isWanted: comparison == .lessOrEqual)
    case .greater, .greaterOrEqual:
      return .or([.test(key: key, op: .gt, [value]), .test(key: key, op: .gte, [above])])
        .orEqual(to: number, key, isWanted: comparison == .greaterOrEqual)
    }
  }

  private func orEqual(to number: Double, _ key: ByteString, isWanted: Bool) -> ChromaFilter {
    guard isWanted else { return self }
    return Self.joined([self, Self.equals(key, .number(number), isNegated: false)], all: false)
  }

  /// Whether Chroma is given it as an integer, which it compares with any number as it should.
  private static func isInteger(_ number: Double) -> Bool {
    // Beyond that every double is integral, and compared as a double.
    number == number.rounded(.towardZero)
  }

  private static func neighbours(of number: Double) -> (below: MetadataScalar, above: MetadataScalar) {
    (.number(number.rounded(.down)), .number(number.rounded(.up)))
  }

  // MARK: - Writing

  /// Conditions and levels, as they will be written.
  var size: (tests: Int, depth: Int) {
    switch self {
    case .everything, .nothing: return (0, 0)
    case .test: return (1, 1)
    case .and(let parts), .or(let parts):
      var (tests, depth, width) = (0, 0, parts.count)
      for part in parts {
        let size = part.size
        tests += size.tests
        depth = max(depth, size.depth)
      }
      repeat {
        depth += 1
        width = (width + Self.width - 1) / Self.width
      } while width > 1
      return (tests, depth)
    }
  }

  /// Parts written side by side. The server joins them one within the other, and a thousand of them are too deep for it: more
  /// are written as groups of groups.
  private static let width = 16

  /// Writes the value of `where`. `everything` and `nothing` have no form there: the caller decides them without a call.
  func write(to json: inout JSONWriter) {
    switch self {
    case .everything, .nothing: json.null()
    case .test(let key, let op, let values):
      json.object { json in
        withBytes(of: withBytes(of: key) { ChromaNames.storedKey($0) }) { json.key($0) }
        json.object { json in
          json.key(op.rawValue)
          if op == .among || op == .notAmong {
            json.array { json in for value in values { Self.write(value, to: &json) } }
          } else if let value = values.first {
            Self.write(value, to: &json)
          }
        }
      }
    case .and(let parts): Self.write(parts[...], "$and", to: &json)
    case .or(let parts): Self.write(parts[...], "$or", to: &json)
    }
  }

  private static func write(_ parts: ArraySlice<ChromaFilter>, _ name: String, to json: inout JSONWriter) {
    if parts.count == 1, let only = parts.first { return only.write(to: &json) }
    var share = 1
    while share * width < parts.count { share *= width }
    json.object { json in
      json.key(name)
      json.array { json in
        var at = parts.startIndex
        while at < parts.endIndex {
          let end = min(at + share, parts.endIndex)
          write(parts[at..<end], name, to: &json)
          at = end
        }
      }
    }
  }

  private static func write(_ value: MetadataScalar, to json: inout JSONWriter) {
    switch value {
    case .string(let string): json.string(string)
    case .number(let number): json.number(number)
    case .bool(let bool): json.bool(bool)
    }
  }
}

extension ChromaFilter {
  /// A filter of one namespace, which a search has to be told; reads that get ids see it from them.
  func within(_ namespace: ByteString) -> ChromaFilter {
    let own: ChromaFilter =
      namespace.isEmpty
      ? .test(key: ByteString(ChromaNames.namedKey), op: .ne, [.bool(true)])
      : .test(key: ByteString(ChromaNames.namespaceKey), op: .eq, [.string(namespace)])
    return Self.joined([own, self], all: true)
  }

  /// What the filter of a request says; `everything` without one.
  init(_ filter: Filter?) throws(VectorError) {
    if let filter { try self.init(filter.expression) } else { self = .everything }
  }
}
