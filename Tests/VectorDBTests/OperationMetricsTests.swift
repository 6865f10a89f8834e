import Support
import Testing

@testable import VectorDB

@Suite struct OperationMetricsTests {
  @Test func callsAreCountedApartAndTogether() {
    let metrics = OperationMetrics()
    metrics.record(.search, succeeded: true, nanoseconds: 1_000_000)
    metrics.record(.search, succeeded: false, nanoseconds: 3_000_000)
    metrics.record(.upsert, succeeded: true, nanoseconds: 8_000_000)
    let search = metrics.totals(.search)
    #expect(search.calls == 2)
    #expect(search.successRate == 0.5)
    #expect(search.averageMilliseconds == 2)
    #expect(search.slowestMilliseconds == 3)
    #expect(metrics.totals.calls == 3)
    #expect(metrics.totals.averageMilliseconds == 4)
    #expect(metrics.totals(.get).successRate == 1)
  }

  @Test func nothingIsLostBetweenThreads() {
    let metrics = OperationMetrics()
    WorkerPool(helpers: 3).run(tasks: 4, threads: 4) { task in
      for call in 0..<5_000 {
        metrics.record(.get, succeeded: call % 5 != 0, nanoseconds: UInt64(task * 5_000 + call))
      }
    }
    let totals = metrics.totals(.get)
    #expect(totals.succeeded == 16_000)
    #expect(totals.failed == 4_000)
    #expect(totals.slowest == 19_999)
  }
}
