import Support
import Testing

@testable import Resilience

@Suite struct LatencyHistogramTests {
  @Test func bucketsCoverEveryDurationOnceAndNarrowly() {
    var next: UInt64 = 0
    for index in 0..<LatencyBuckets.count {
      let range = LatencyBuckets.range(of: index)
      #expect(range.lowerBound == next)
      #expect(LatencyBuckets.index(of: range.lowerBound) == index)
      #expect(LatencyBuckets.index(of: range.upperBound) == index)
      let width = range.upperBound - range.lowerBound + 1
      #expect(width == 1 || Double(width) <= Double(range.lowerBound) / 32)
      next = range.upperBound + 1
    }
    #expect(LatencyBuckets.index(of: .max) == LatencyBuckets.count - 1)
    #expect(next > 4_000_000_000_000)
  }

  @Test func quantilesAreWithinThreePercent() {
    let histogram = LatencyHistogram()
    var state: UInt64 = 42
    var exact: [UInt64] = []
    for _ in 0..<20_000 {
      state &+= 0x9e37_79b9_7f4a_7c15
      // 100 ns to some seconds, most of them short.
      let latency = 100 + mix(state) % (1 << (7 + mix(state &+ 1) % 25))
      exact.append(latency)
      histogram.record(latency)
    }
    exact.sort()
    let summary = histogram.summary()
    for share in [0.01, 0.5, 0.9, 0.95, 0.99, 0.999] {
      let right = Double(exact[Int((share * 20_000).rounded(.up)) - 1])
      #expect(abs(Double(summary.quantile(share)) - right) <= 0.03 * right)
    }
    #expect(summary.quantile(1) <= summary.longest)
    #expect(summary.longest == exact.last)
    #expect(summary.count == 20_000)
    #expect(summary.sum == exact.reduce(0, +))
  }

  @Test func emptyAnswersZero() {
    let summary = LatencyHistogram().summary()
    #expect(summary.count == 0)
    #expect(summary.quantile(0.99) == 0)
    #expect(summary.mean == 0)
    #expect(summary.cumulative([1, 2]) == [0, 0])
  }

  @Test func cumulativeCountsRise() {
    let histogram = LatencyHistogram()
    for latency: UInt64 in [10, 20, 30, 1_000_000, 2_000_000_000] { histogram.record(latency) }
    #expect(histogram.summary().cumulative([5, 20, 100, 1_100_000, 10_000_000_000]) == [0, 2, 3, 4, 5])
  }

  @Test func nothingIsLostBetweenThreadsAndResets() {
    let histogram = LatencyHistogram()
    let total = LatencySummaryCollector()
    onThreads(4) { thread in
      for call in 0..<20_000 as Range<UInt64> {
        histogram.record(call)
        if thread == 0, call % 1000 == 0 { total.add(histogram.reset()) }
      }
    }
    total.add(histogram.reset())
    #expect(total.sum.count == 80_000)
    #expect(total.sum.sum == 4 * (0..<20_000).reduce(0, +))
    #expect(total.sum.longest == 19_999)
    #expect(histogram.summary().count == 0)
  }

  private final class LatencySummaryCollector: @unchecked Sendable {
    private let lock = Lock()
    private(set) var sum = LatencySummary()
    func add(_ more: LatencySummary) { lock.withLock { sum.merge(more) } }
  }
}
