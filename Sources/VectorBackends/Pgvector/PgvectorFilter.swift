import Support
import VectorModel

/// A filter as a condition of SQL over a `jsonb`, every key and value bound.
///
/// Each leaf is true or false, never NULL, so that NOT is the complement. Leaves for equality are written so that a GIN index
/// over the metadata can serve them.
struct PgvectorFilter {
  private let metadata: String

  /// `metadata` is SQL for the record's metadata.
  init(metadata: String) { self.metadata = metadata }

  /// The condition, in parentheses where it needs them. As deep as the expression, which has a limit. Errors: `outOfMemory`.
  func condition(_ expression: FilterExpression, _ query: inout PgvectorQuery) throws(VectorError) -> String {
    switch expression {
    case .and(let parts): return try joined(parts, " AND ", none: "TRUE", &query)
    case .or(let parts): return try joined(parts, " OR ", none: "FALSE", &query)
    case .not(let inner): return "NOT \(try condition(inner, &query))"
    case .equals(let key, let value): return try equals(key, value, &query)
    case .oneOf(let key, let values): return try oneOf(key, values, &query)
    case .compares(let key, let comparison, let value): return try compares(key, comparison, value, &query)
    case .exists(let key):
      guard isStorable(key) else { return "FALSE" }
      let value = field(key, &query)
      return "(\(value) IS NOT NULL AND \(value) NOT IN ('null'::jsonb, '[]'::jsonb))"
    }
  }

  private func joined(
    _ parts: [FilterExpression], _ word: String, none: String, _ query: inout PgvectorQuery
  ) throws(VectorError) -> String {
    if parts.isEmpty { return none }
    var conditions: [String] = []
    for part in parts { conditions.append(try condition(part, &query)) }
    return "(\(conditions.joined(separator: word)))"
  }

  /// The object `{"key": value}` is contained, or one whose list holds the value.
  private func equals(
    _ key: ByteString, _ value: MetadataScalar, _ query: inout PgvectorQuery
  ) throws(VectorError) -> String {
    guard isStorable(key), isStorable(value) else { return "FALSE" }
    let single = try object(key, [value], inList: false)
    guard case .string = value else { return "COALESCE(\(metadata) @> \(query.bind(json: single)), FALSE)" }
    let inList = try object(key, [value], inList: true)
    let (one, other) = (query.bind(json: single), query.bind(json: inList))
    return "COALESCE(\(metadata) @> \(one) OR \(metadata) @> \(other), FALSE)"
  }

  private func oneOf(
    _ key: ByteString, _ values: [MetadataScalar], _ query: inout PgvectorQuery
  ) throws(VectorError) -> String {
    guard isStorable(key) else { return "FALSE" }
    var texts: [ByteString] = []
    var others: [MetadataScalar] = []
    for value in values where isStorable(value) {
      if case .string(let text) = value { texts.append(text) } else { others.append(value) }
    }
    var conditions: [String] = []
    let value = field(key, &query)
    if !texts.isEmpty {
      query.parameters.textArray(texts.count, texts)
      // A string that is one of them, or a list that holds one; of an object it would mean its keys.
      let chosen = "\(value) ?| $\(query.parameters.count)::text[]"
      conditions.append("COALESCE(jsonb_typeof(\(value)) <> 'object' AND \(chosen), FALSE)")
    }
    if !others.isEmpty {
      query.parameters.jsonbArray(try others.map { (value) throws(VectorError) in try json { $0.scalar(value) } })
      conditions.append("COALESCE(\(value) = ANY($\(query.parameters.count)::jsonb[]), FALSE)")
    }
    return conditions.isEmpty ? "FALSE" : "(\(conditions.joined(separator: " OR ")))"
  }

  /// The type is looked at first, in a CASE, whose order the server keeps: it would convert what is no number otherwise.
  private func compares(
    _ key: ByteString, _ comparison: FilterExpression.Comparison, _ operand: MetadataScalar,
    _ query: inout PgvectorQuery
  ) throws(VectorError) -> String {
    guard isStorable(key) else { return "FALSE" }
    switch operand {
    case .bool: return "FALSE"
    case .number(let number):
      let place = query.bind(keyOf: key)
      let limit = query.bind(json: try json { $0.number(number) })
      // Numbers of `jsonb` compare by value.
      return """
        CASE WHEN jsonb_typeof(\(metadata) -> \(place)) = 'number' THEN \
        (\(metadata) -> \(place)) \(symbol(comparison)) \(limit) ELSE FALSE END
        """
    case .string(let text):
      let (bound, comparison) = withoutNUL(text, comparison)
      let place = query.bind(keyOf: key)
      return """
        CASE WHEN jsonb_typeof(\(metadata) -> \(place)) = 'string' THEN \
        (\(metadata) ->> \(place)) COLLATE "C" \(symbol(comparison)) \(query.bind(bound)) ELSE FALSE END
        """
    }
  }

  private func symbol(_ comparison: FilterExpression.Comparison) -> String {
    switch comparison {
    case .less: "<"
    case .lessOrEqual: "<="
    case .greater: ">"
    case .greaterOrEqual: ">="
    }
  }

  /// The value of a key.
  private func field(_ key: ByteString, _ query: inout PgvectorQuery) -> String {
    "(\(metadata) -> \(query.bind(keyOf: key)))"
  }

  /// Nothing with a NUL is ever in a `jsonb`.
  private func isStorable(_ text: ByteString) -> Bool { !text.bytes.contains(0) }

  private func isStorable(_ value: MetadataScalar) -> Bool {
    if case .string(let text) = value { isStorable(text) } else { true }
  }

  /// The same order without a NUL in the operand: no stored string lies between a text and that text with a NUL behind it, and
  /// the shorter one is less.
  private func withoutNUL(
    _ text: ByteString, _ comparison: FilterExpression.Comparison
  ) -> (ByteString, FilterExpression.Comparison) {
    guard let place = text.bytes.firstIndex(of: 0) else { return (text, comparison) }
    let isLess = comparison == .less || comparison == .lessOrEqual
    return (ByteString(Array(text.bytes[..<place])), isLess ? .lessOrEqual : .greater)
  }

  private func object(
    _ key: ByteString, _ values: [MetadataScalar], inList: Bool
  ) throws(VectorError) -> ColumnBuffer<UInt8> {
    try json { json in
      json.object { json in
        key.bytes.withUnsafeBytes { json.key($0) }
        if inList { json.array { json in for value in values { json.scalar(value) } } } else { json.scalar(values[0]) }
      }
    }
  }

  private func json(_ write: (inout JSONWriter) -> Void) throws(VectorError) -> ColumnBuffer<UInt8> {
    var json = JSONWriter()
    write(&json)
    if json.failed { throw .resultOutOfMemory }
    return json.output
  }
}

extension PgvectorQuery {
  /// A key of metadata, which the operators take as text.
  fileprivate mutating func bind(keyOf key: ByteString) -> String { bind(key) + "::text" }
}

extension JSONWriter {
  fileprivate mutating func scalar(_ value: MetadataScalar) {
    switch value {
    case .string(let text): string(text)
    case .number(let number): self.number(number)
    case .bool(let bool): self.bool(bool)
    }
  }
}

extension PostgresParameters {
  fileprivate mutating func textArray(_ count: Int, _ texts: [ByteString]) {
    array(TypeNumber.textArray, of: TypeNumber.text, count: count) { buffer in
      for text in texts {
        let isAdded = text.bytes.withUnsafeBytes {
          buffer.append(bigEndian: UInt32(truncatingIfNeeded: $0.count)) && buffer.append(bytes: $0)
        }
        if !isAdded { return false }
      }
      return true
    }
  }

  fileprivate mutating func jsonbArray(_ values: [ColumnBuffer<UInt8>]) {
    array(TypeNumber.jsonbArray, of: TypeNumber.jsonb, count: values.count) { buffer in
      for value in values {
        let isAdded =
          buffer.append(bigEndian: UInt32(truncatingIfNeeded: value.count + 1)) && buffer.append(jsonbVersion)
          && withExtendedLifetime(value) { buffer.append(contentsOf: value.elements) }
        if !isAdded { return false }
      }
      return true
    }
  }
}
