/// What a histogram held at one moment. Durations are nanoseconds.
package struct LatencySummary: Sendable, Equatable {
  /// Calls by `LatencyBuckets`; empty when there were none.
  private var buckets: [UInt64] = []
  package private(set) var count: UInt64 = 0
  package private(set) var sum: UInt64 = 0
  package private(set) var longest: UInt64 = 0

  package init() {}

  /// Adds calls that took about as long as a bucket says.
  mutating func add(_ calls: UInt64, bucket: Int) {
    guard calls > 0 else { return }
    if buckets.isEmpty { buckets = Array(repeating: 0, count: LatencyBuckets.count) }
    buckets[bucket] &+= calls
    count &+= calls
  }

  mutating func add(sum more: UInt64, longest one: UInt64) {
    sum &+= more
    longest = max(longest, one)
  }

  package mutating func merge(_ other: LatencySummary) {
    for (bucket, calls) in other.buckets.enumerated() { add(calls, bucket: bucket) }
    add(sum: other.sum, longest: other.longest)
  }

  /// 0 before the first call.
  package var mean: Double { count == 0 ? 0 : Double(sum) / Double(count) }

  /// The duration within which a share of the calls ended: 0.95 for p95. Off by 1.6 % at the most; 0 before the first call.
  package func quantile(_ share: Double) -> UInt64 {
    guard count > 0 else { return 0 }
    let wanted = max(1, (min(max(share, 0), 1) * Double(count)).rounded(.up))
    var seen: UInt64 = 0
    for (bucket, calls) in buckets.enumerated() where calls > 0 {
      seen &+= calls
      guard Double(seen) >= wanted else { continue }
      let range = LatencyBuckets.range(of: bucket)
      return min(range.lowerBound + (range.upperBound - range.lowerBound) / 2, longest)
    }
    return longest
  }

  /// How many calls took at most each of the rising `bounds`. A bound inside a bucket counts the bucket when its middle is
  /// not beyond, so a bound is off by 1.6 % at the most.
  package func cumulative(_ bounds: [UInt64]) -> [UInt64] {
    var result: [UInt64] = []
    var seen: UInt64 = 0
    var bucket = 0
    for bound in bounds {
      while bucket < buckets.count {
        let range = LatencyBuckets.range(of: bucket)
        if range.lowerBound + (range.upperBound - range.lowerBound) / 2 > bound { break }
        seen &+= buckets[bucket]
        bucket += 1
      }
      result.append(seen)
    }
    return result
  }
}
