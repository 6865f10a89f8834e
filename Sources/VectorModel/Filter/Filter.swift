import Support

/// A filter over metadata, after parsing: two-valued, so `not` is exactly the complement.
///
/// A leaf is false when its key is missing or holds another type; on a list of strings a leaf means "contains". Depth and
/// size are bounded while parsing, so recursion over it is safe.
package indirect enum Filter: Sendable, Equatable {
  case and([Filter])
  case or([Filter])
  case not(Filter)
  case equals(key: ByteString, MetadataScalar)
  case oneOf(key: ByteString, [MetadataScalar])
  case compares(key: ByteString, Comparison, MetadataScalar)
  case exists(key: ByteString)

  package enum Comparison: String, Sendable { case less = "$lt", lessOrEqual = "$lte", greater = "$gt", greaterOrEqual = "$gte" }
}

/// A single value in metadata or in a filter. Numbers compare by value; a bool is no number.
package enum MetadataScalar: Sendable, Hashable {
  case string(ByteString)
  case number(Double)
  case bool(Bool)
}
