import Support

extension Filter {
  /// Most conditions, branches and list values of one filter.
  package static let maxNodes = 10_000
  /// Longest filter text: 16 MiB.
  package static let maxBytes = 1 << 24

  /// Reads a filter; nil for `{}` and for no text, which filter nothing.
  ///
  /// Throws `invalidUTF8`, `invalidJSON`, `outOfMemory`, and `invalidFilter` naming the key, the operator and what was expected.
  package static func parse(_ json: UnsafeRawBufferPointer) throws(VectorError) -> Filter? {
    if json.isEmpty { return nil }
    guard json.count <= maxBytes else {
      throw VectorError(.invalidFilter, "the filter has \(json.count) bytes: at most \(maxBytes)")
    }
    // Texts are held up to eight times while the filter is made, and a node takes some hundred bytes.
    guard isMemoryAvailable(8 * json.count + 400 * min(json.count / 2, maxNodes)) else {
      throw VectorError(.outOfMemory, "not enough memory for a filter of \(json.count) bytes")
    }
    // A node of the filter is up to five values of JSON: {"key": {"$op": value}}.
    let document = try JSONDocument(json, what: "the filter", maxNodes: UInt32(maxNodes) * 8, limits: .invalidFilter)
    return try parse(document.root)
  }

  /// Reads a filter that is part of a document.
  package static func parse(_ value: JSONValue) throws(VectorError) -> Filter? {
    guard value.kind == .object else { throw invalid("a filter is an object, not \(value.kindName)") }
    if value.count == 0 { return nil }
    var parser = FilterParser()
    return Filter(try parser.object(value))
  }

  fileprivate static func invalid(_ message: String) -> VectorError {
    VectorError(.invalidFilter, "filter: " + message)
  }
}

/// Recursive descent over JSON, whose depth is bounded.
private struct FilterParser {
  private var nodes = 0

  /// `{"key": …, "$or": […]}`: all members together.
  mutating func object(_ value: JSONValue) throws(VectorError) -> FilterExpression {
    try refuseDuplicates(value, place: "an object")
    var parts: [FilterExpression] = []
    for (key, operand) in value.members {
      parts.append(
        key.bytes.first == UInt8(ascii: "$") ? try combination(key, operand) : try condition(key, operand))
    }
    return try all(parts)
  }

  private mutating func combination(_ name: ByteString, _ operand: JSONValue) throws(VectorError) -> FilterExpression {
    switch name.text {
    case "$and": return try .and(branches(name, operand))
    case "$or": return try .or(branches(name, operand))
    case "$not":
      guard operand.kind == .object, operand.count > 0 else {
        throw Filter.invalid("\"$not\" needs an object with conditions, not \(describe(operand))")
      }
      try count(1)
      return .not(try object(operand))
    case let other where Filter.operators.contains(other):
      throw Filter.invalid("\(quoted(name)) belongs to a key: {\"key\": {\(quoted(name)): …}}")
    default:
      throw unknown(name, known: ["$and", "$or", "$not"], place: "at the top of a filter")
    }
  }

  private mutating func branches(
    _ name: ByteString, _ operand: JSONValue
  ) throws(VectorError) -> [FilterExpression] {
    guard operand.kind == .array, operand.count > 0 else {
      throw Filter.invalid("\(quoted(name)) needs a list of at least one filter, not \(describe(operand))")
    }
    try count(1)
    var parts: [FilterExpression] = []
    for branch in operand.elements {
      guard branch.kind == .object, branch.count > 0 else {
        throw Filter.invalid("\(quoted(name)) needs objects with conditions in its list, not \(describe(branch))")
      }
      parts.append(try object(branch))
    }
    return parts
  }

  /// `"key": value` or `"key": {"$op": operand, …}`.
  private mutating func condition(_ key: ByteString, _ value: JSONValue) throws(VectorError) -> FilterExpression {
    if let problem = key.bytes.withUnsafeBytes(metadataKeyProblem) {
      throw Filter.invalid("key \(quoted(key)) \(problem)")
    }
    guard value.kind == .object else { return .equals(key: key, try scalar(value, key: key, name: "$eq")) }
    return try operators(value, key: key)
  }

  private mutating func operators(_ value: JSONValue, key: ByteString) throws(VectorError) -> FilterExpression {
    guard value.count > 0 else { throw Filter.invalid("key \(quoted(key)) has an empty object: expected an operator") }
    try refuseDuplicates(value, place: "key \(quoted(key))")
    var parts: [FilterExpression] = []
    for (name, operand) in value.members { parts.append(try leaf(name, operand, key: key)) }
    return try all(parts)
  }

  private mutating func leaf(
    _ name: ByteString, _ operand: JSONValue, key: ByteString
  ) throws(VectorError) -> FilterExpression {
    let text = name.text
    if let comparison = FilterExpression.Comparison(rawValue: text) {
      let bound = try scalar(operand, key: key, name: text)
      if case .bool = bound { throw wrongOperand(operand, key: key, name: text, expected: "a number or a string") }
      return .compares(key: key, comparison, bound)
    }
    switch text {
    case "$eq": return .equals(key: key, try scalar(operand, key: key, name: text))
    case "$ne": return .not(.equals(key: key, try scalar(operand, key: key, name: text)))
    case "$in": return .oneOf(key: key, try list(operand, key: key, name: text))
    case "$nin": return .not(.oneOf(key: key, try list(operand, key: key, name: text)))
    case "$exists":
      guard let wanted = operand.bool else {
        throw wrongOperand(operand, key: key, name: text, expected: "true or false")
      }
      try count(1)
      return wanted ? .exists(key: key) : .not(.exists(key: key))
    case "$not":
      guard operand.kind == .object else {
        throw wrongOperand(operand, key: key, name: text, expected: "an object with operators")
      }
      try count(1)
      return .not(try operators(operand, key: key))
    case "$and", "$or":
      throw Filter.invalid(
        "\"\(text)\" stands beside keys, not within key \(quoted(key)): {\"\(text)\": [{\(quoted(key)): …}]}")
    default:
      if text.first == "$" { throw unknown(name, known: Filter.operators, place: "on key \(quoted(key))") }
      throw Filter.invalid(
        "key \(quoted(key)) holds an object with \(quoted(name)): metadata is not nested, expected an operator such as \"$eq\""
      )
    }
  }

  private mutating func list(
    _ operand: JSONValue, key: ByteString, name: String
  ) throws(VectorError) -> [MetadataScalar] {
    guard operand.kind == .array else { throw wrongOperand(operand, key: key, name: name, expected: "a list") }
    try count(1)
    var values: [MetadataScalar] = []
    for element in operand.elements { values.append(try scalar(element, key: key, name: name)) }
    return values
  }

  private mutating func scalar(_ value: JSONValue, key: ByteString, name: String) throws(VectorError) -> MetadataScalar
  {
    try count(1)
    if value.isInexactInteger {
      throw Filter.invalid(
        "\"\(name)\" on key \(quoted(key)) has \(value.integerText), beyond 2^53, which no number in metadata is")
    }
    if let string = value.string { return .string(string) }
    if let bool = value.bool { return .bool(bool) }
    // Adding 0 turns -0 into 0.
    if let number = value.double { return .number(number + 0) }
    if value.isNull {
      throw wrongOperand(
        value, key: key, name: name, expected: "a string, number or bool (a missing key is {\"$exists\": false})")
    }
    throw wrongOperand(value, key: key, name: name, expected: "a string, number or bool")
  }

  private mutating func all(_ parts: [FilterExpression]) throws(VectorError) -> FilterExpression {
    if parts.count == 1, let only = parts.first { return only }
    try count(1)
    return .and(parts)
  }

  private mutating func count(_ more: Int) throws(VectorError) {
    nodes += more
    if nodes > Filter.maxNodes {
      throw Filter.invalid("more than \(Filter.maxNodes) conditions, branches and list values")
    }
  }

  private func refuseDuplicates(_ value: JSONValue, place: String) throws(VectorError) {
    if let key = try value.document.duplicateKey(of: value) {
      throw Filter.invalid("\(place) has \(quoted(key)) twice: join the two with \"$and\"")
    }
  }

  private func wrongOperand(_ value: JSONValue, key: ByteString, name: String, expected: String) -> VectorError {
    Filter.invalid("\"\(name)\" on key \(quoted(key)) needs \(expected), not \(describe(value))")
  }

  private func unknown(_ name: ByteString, known: [String], place: String) -> VectorError {
    let nearest = nearestName(to: name.text, among: known) ?? nearestName(to: name.text, among: Filter.operators)
    let hint = nearest.map { "did you mean \"\($0)\"?" } ?? "known are " + known.joined(separator: ", ")
    return Filter.invalid("unknown operator \(quoted(name)) \(place): \(hint)")
  }

  private func describe(_ value: JSONValue) -> String {
    switch value.kind {
    case .array where value.count == 0: "an empty list"
    case .object where value.count == 0: "an empty object"
    case .string: value.string.map { quoted($0) } ?? "a string"
    case .bool: value.bool == true ? "true" : "false"
    default: value.kindName
    }
  }
}
