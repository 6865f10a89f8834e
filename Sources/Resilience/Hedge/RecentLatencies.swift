/// A quantile of how long the latest calls took: the delay after which a call is late.
///
/// Pure. Remembers 256 calls; says nothing before the twentieth. A call that was cut off because another run won counts with
/// the time it had taken by then: leaving it out would make late calls look rare and the quantile sink with every hedge.
package struct RecentLatencies {
  private static let remembered = 256
  private static let fewest = 20
  /// Calls between two computations of the quantile.
  private static let refresh = 16

  private let quantile: Double
  /// A ring once it is full. Nanoseconds.
  private var latencies: [UInt64] = []
  private var next = 0
  private var sinceRefresh = 0
  /// Nanoseconds; nil while too few calls are known.
  package private(set) var value: UInt64?

  package init(quantile: Double) {
    self.quantile = quantile
    latencies.reserveCapacity(Self.remembered)
  }

  /// O(1), and now and then O(256 log 256).
  package mutating func record(_ nanoseconds: UInt64) {
    if latencies.count < Self.remembered {
      latencies.append(nanoseconds)
    } else {
      latencies[next] = nanoseconds
      next = (next + 1) % Self.remembered
    }
    sinceRefresh += 1
    guard latencies.count >= Self.fewest, value == nil || sinceRefresh >= Self.refresh else { return }
    sinceRefresh = 0
    let rank = Int((quantile * Double(latencies.count)).rounded(.up)) - 1
    value = latencies.sorted()[min(max(rank, 0), latencies.count - 1)]
  }
}
