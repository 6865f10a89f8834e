import Support

/// A filter over metadata, after parsing: what it says (`expression`), and the same made ready to run over many records.
///
/// Two-valued: a leaf is false when its key is missing or holds another type, and `not` is exactly the complement.
package struct Filter: Sendable, Equatable {
  package let expression: FilterExpression
  private let program: FilterProgram

  package init(_ expression: FilterExpression) {
    self.expression = expression
    program = FilterProgram(expression)
  }

  /// Whether a record with this metadata, in the form of `MetadataEncoding`, matches. Allocates nothing, takes no lock.
  package func matches(_ encoded: UnsafeRawBufferPointer) -> Bool { program.matches(encoded) }

  /// Its leaves: where one goes on is always at a lower index, `FilterLeaf.accept` or `refuse`. Valid as long as the filter.
  package var leaves: UnsafeBufferPointer<FilterLeaf> { program.allLeaves }

  /// The leaf to begin with, `FilterLeaf.accept` or `refuse`.
  package var entry: Int { program.entry }

  /// Every operator of the language by its JSON name.
  package static let operators = [
    "$and", "$eq", "$exists", "$gt", "$gte", "$in", "$lt", "$lte", "$ne", "$nin", "$not", "$or",
  ]

  package static func == (left: Filter, right: Filter) -> Bool { left.expression == right.expression }
}

/// What a filter says. `$ne` is `not` of `equals`, `$nin` is `not` of `oneOf`. Never deeper than JSON may be nested, so
/// recursion over it is safe.
package indirect enum FilterExpression: Sendable, Equatable {
  case and([FilterExpression])
  case or([FilterExpression])
  case not(FilterExpression)
  /// The value equals; on a list of strings: the list contains it.
  case equals(key: ByteString, MetadataScalar)
  /// The value equals one of these; on a list of strings: the list contains one. False for none to choose from.
  case oneOf(key: ByteString, [MetadataScalar])
  /// Numbers by value, strings by bytes; the operand is one of the two. False on a list.
  case compares(key: ByteString, Comparison, MetadataScalar)
  case exists(key: ByteString)

  package enum Comparison: String, Sendable, CaseIterable {
    case less = "$lt"
    case lessOrEqual = "$lte"
    case greater = "$gt"
    case greaterOrEqual = "$gte"
  }
}

/// A single value in metadata or in a filter. Numbers compare by value; a bool is no number.
package enum MetadataScalar: Sendable, Hashable {
  case string(ByteString)
  case number(Double)
  case bool(Bool)
}
