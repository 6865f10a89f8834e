extension Duration {
  /// Whole nanoseconds; 0 for what is negative, and the largest number for what does not fit.
  package var nanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    if seconds < 0 || attoseconds < 0 { return 0 }
    let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carry) = whole.addingReportingOverflow(UInt64(attoseconds / 1_000_000_000))
    return overflow || carry ? .max : sum
  }
}

extension UInt64 {
  /// Whole nanoseconds from a computed number of them: 0 for what is negative or no number, some thirty years at most.
  package init(nanoseconds number: Double) {
    self = number > 0 ? UInt64(Swift.min(number, 1e18)) : 0
  }
}
