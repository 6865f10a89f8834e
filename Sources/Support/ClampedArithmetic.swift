extension UInt64 {
  /// The sum, or `max` where it would not fit: what a point in time plus a duration wants.
  package func addingClamped(_ other: UInt64) -> UInt64 {
    let (sum, tooLarge) = addingReportingOverflow(other)
    return tooLarge ? .max : sum
  }

  /// The difference, or 0 where it would be negative: how long ago.
  package func since(_ earlier: UInt64) -> UInt64 { self > earlier ? self - earlier : 0 }
}
