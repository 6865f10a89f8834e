import Support
import VectorModel

/// Types that metadata must have: the options "fields" and "auto_fields".
struct FieldSchema: Sendable {
  /// Declared keys. A key that is absent from a record is always fine.
  let types: [ByteString: FieldType]
  /// Whether keys that were not declared are accepted.
  let acceptsOthers: Bool

  enum FieldType: String, CaseIterable, Sendable { case string, number, bool, strings }

  /// Nil when nothing is to be enforced.
  static func parse(fields: JSONValue?, autoFields: JSONValue?) throws(VectorError) -> FieldSchema? {
    let acceptsOthers = try autoFields?.boolean("auto_fields") ?? true
    guard let fields else {
      if acceptsOthers { return nil }
      throw VectorError(.invalidOption, "option \"auto_fields\" is false, but \"fields\" declares none")
    }
    var types: [ByteString: FieldType] = [:]
    for (name, value) in try fields.options("fields") {
      let text = try value.choice("fields.\(name.text)", FieldType.allCases.map(\.rawValue))
      types[name] = FieldType(rawValue: text)
    }
    return FieldSchema(types: types, acceptsOthers: acceptsOthers)
  }

  /// Refuses the first record whose metadata has another type than declared. Errors: `invalidMetadata`, `cancelled`,
  /// `timeout`.
  func check(_ batch: MetadataBatch, context: CallContext) throws(VectorError) {
    var pace = Pace(context)
    for index in 0..<batch.count {
      try batch.withEntry(index) { (entry) throws(VectorError) in try check(entry, at: index, &pace) }
    }
  }

  private func check(_ entry: UnsafeRawBufferPointer, at index: Int, _ pace: inout Pace) throws(VectorError) {
    for field in MetadataEncoding.fields(of: entry) {
      try pace.spend(20)
      let expected = types[ByteString(field.key)]
      if expected == nil, acceptsOthers { continue }
      guard let expected else {
        throw VectorError(
          .invalidMetadata, "metadata at index \(index): key \(quoted(field.key)) is not among the declared fields",
          index: index)
      }
      guard let actual = FieldType(field.value), actual != expected else { continue }
      throw VectorError(
        .invalidMetadata,
        "metadata at index \(index): key \(quoted(field.key)) is a \(actual.rawValue), declared as \(expected.rawValue)",
        index: index)
    }
  }
}

extension FieldSchema.FieldType {
  /// Nil for a removal, which takes the key away in a metadata merge.
  init?(_ value: MetadataEncoding.Value) {
    switch value {
    case .string: self = .string
    case .number: self = .number
    case .bool: self = .bool
    case .strings: self = .strings
    case .remove: return nil
    }
  }
}
