/// The buckets of a latency histogram: 32 to a power of two, so that a bucket is at most 1/32 of its value wide.
///
/// Log-linear, as in HDR histograms: exact below 64 ns, then within 1.6 % of the middle of a bucket, up to 73 minutes; what
/// is longer falls into the last bucket.
package enum LatencyBuckets {
  private static let linearBits: UInt64 = 5
  private static let perOctave = 1 << Int(linearBits)
  private static let octaves = 37
  package static let count = perOctave * (octaves + 1)
  private static let longest: UInt64 = (1 << (linearBits + UInt64(octaves))) - 1

  /// The bucket of a duration in nanoseconds.
  package static func index(of nanoseconds: UInt64) -> Int {
    let value = min(nanoseconds, longest)
    if value < UInt64(perOctave) { return Int(truncatingIfNeeded: value) }
    let octave = 63 &- value.leadingZeroBitCount &- Int(linearBits)
    return (octave &+ 1) &* perOctave &+ Int(truncatingIfNeeded: value &>> UInt64(octave)) &- perOctave
  }

  /// Nanoseconds a bucket holds, the last of them included.
  package static func range(of index: Int) -> ClosedRange<UInt64> {
    if index < perOctave { return UInt64(index)...UInt64(index) }
    let octave = UInt64(index / perOctave - 1)
    let first = UInt64(index % perOctave + perOctave) << octave
    return first...(first + (1 << octave) - 1)
  }
}
