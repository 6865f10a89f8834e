import Support
import VectorModel

/// Turns a filter into what Chroma can be asked.
struct ChromaFilterCompiler {
  let lists: ChromaLists

  func compiled(_ filter: FilterExpression, isNegated: Bool) throws(VectorError) -> ChromaFilter {
    switch filter {
    case .not(let inner): return try compiled(inner, isNegated: !isNegated)
    case .and(let parts): return ChromaFilter.joined(try compiled(parts, isNegated: isNegated), all: !isNegated)
    case .or(let parts): return ChromaFilter.joined(try compiled(parts, isNegated: isNegated), all: isNegated)
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

  private func compiled(
    _ filters: [FilterExpression], isNegated: Bool
  ) throws(VectorError) -> [ChromaFilter] {
    var parts: [ChromaFilter] = []
    for filter in filters { parts.append(try compiled(filter, isNegated: isNegated)) }
    return parts
  }

  private func unsupported(_ what: String, _ op: String, _ key: ByteString) -> VectorError {
    VectorError(.unsupported, "backend \"chroma\" cannot \(what): \(op) on key \(quoted(key))")
  }

  private func equals(_ key: ByteString, _ value: MetadataScalar, isNegated: Bool) -> ChromaFilter {
    switch value {
    case .bool: return .test(key: storedKey(key), op: isNegated ? .ne : .eq, [value])
    case .string:
      // The string itself, or a list that holds it.
      return ChromaFilter.joined(
        [
          .test(key: storedKey(key), op: isNegated ? .ne : .eq, [value]),
          holds(key, value, isNegated: isNegated),
        ], all: isNegated)
    case .number(let number):
      if isInteger(number) { return .test(key: storedKey(key), op: isNegated ? .ne : .eq, [value]) }
      // Chroma cuts the fraction off before it compares with a record whose number is an integer: that one is ruled out.
      let (below, above) = neighbours(of: number)
      return isNegated
        ? ChromaFilter.joined(
          [
            .test(key: storedKey(key), op: .ne, [value]), .test(key: storedKey(key), op: .lte, [below]),
            .test(key: storedKey(key), op: .gte, [above]),
          ], all: false)
        : ChromaFilter.joined(
          [
            .test(key: storedKey(key), op: .eq, [value]), .test(key: storedKey(key), op: .gt, [below]),
            .test(key: storedKey(key), op: .lt, [above]),
          ],
          all: true)
    }
  }

  /// Lists are of one type each.
  private func oneOf(_ key: ByteString, _ values: [MetadataScalar], isNegated: Bool) -> ChromaFilter {
    var lists: [[MetadataScalar]] = [[], [], [], []]
    var parts: [ChromaFilter] = []
    for value in values {
      switch value {
      case .string:
        lists[0].append(value)
        parts.append(holds(key, value, isNegated: isNegated))
      case .bool: lists[1].append(value)
      // Beyond 2^53 they are written with an exponent, and are no integers for the server.
      case .number(let number) where isInteger(number): lists[abs(number) <= 0x1p53 ? 2 : 3].append(value)
      case .number: parts.append(equals(key, value, isNegated: isNegated))
      }
    }
    for list in lists where !list.isEmpty {
      parts.append(.test(key: storedKey(key), op: isNegated ? .notAmong : .among, list))
    }
    return ChromaFilter.joined(parts, all: isNegated)
  }

  private func compares(
    _ key: ByteString, _ comparison: FilterExpression.Comparison, _ number: Double
  ) -> ChromaFilter {
    let value = MetadataScalar.number(number)
    let op: ChromaFilter.Operator =
      switch comparison {
      case .less: .lt
      case .lessOrEqual: .lte
      case .greater: .gt
      case .greaterOrEqual: .gte
      }
    if isInteger(number) { return .test(key: storedKey(key), op: op, [value]) }
    // For integers the fraction is cut off: what lies between counts with the integer next to it.
    let (below, above) = neighbours(of: number)
    var parts: [ChromaFilter] =
      switch comparison {
      case .less, .lessOrEqual:
        [.test(key: storedKey(key), op: .lt, [value]), .test(key: storedKey(key), op: .lte, [below])]
      case .greater, .greaterOrEqual:
        [.test(key: storedKey(key), op: .gt, [value]), .test(key: storedKey(key), op: .gte, [above])]
      }
    if comparison == .lessOrEqual || comparison == .greaterOrEqual {
      parts.append(equals(key, value, isNegated: false))
    }
    return ChromaFilter.joined(parts, all: false)
  }

  /// Whether Chroma is given it as an integer, which it compares with any number as it should.
  private func isInteger(_ number: Double) -> Bool {
    // Beyond that every double is integral, and compared as a double.
    number == number.rounded(.towardZero)
  }

  private func neighbours(of number: Double) -> (below: MetadataScalar, above: MetadataScalar) {
    (.number(number.rounded(.down)), .number(number.rounded(.up)))
  }

  /// The list at a key holds a string.
  private func holds(_ key: ByteString, _ value: MetadataScalar, isNegated: Bool) -> ChromaFilter {
    guard lists == .fields, case .string(let item) = value else {
      return .test(key: storedKey(key), op: isNegated ? .notContains : .contains, [value])
    }
    let itemKey = withBytes(of: key) { key in withBytes(of: item) { ChromaNames.itemKey(key, $0) } }
    return .test(key: itemKey, op: isNegated ? .ne : .eq, [.bool(true)])
  }

  private func storedKey(_ key: ByteString) -> ByteString { withBytes(of: key) { ChromaNames.storedKey($0) } }
}
