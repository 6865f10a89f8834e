import Support
import Testing

@testable import Resilience

@Suite struct CallMetricsTests {
  private let names: [StaticString] = ["search", "upsert"]

  private func call(_ metrics: CallMetrics, _ operation: Int, _ outcome: CallOutcome, _ nanoseconds: UInt64) {
    metrics.started()
    metrics.ended(operation, outcome, nanoseconds: nanoseconds)
  }

  @Test func callsAreCountedApartAndTogether() {
    let metrics = CallMetrics(operations: names)
    call(metrics, 0, .success, 1_000_000)
    call(metrics, 0, .timeout, 3_000_000)
    call(metrics, 1, .success, 8_000_000)
    let summary = metrics.summary()
    #expect(summary.operations.count == 2)
    #expect(summary.operations[0].calls == 2)
    #expect(summary.operations[0].successRate == 0.5)
    #expect(summary.operations[0].latencies[.timeout]?.count == 1)
    #expect(summary.operations[0].latency.mean == 2_000_000)
    #expect(summary.total.calls == 3)
    #expect(summary.total.failed == 1)
    #expect(summary.total.latency.longest == 8_000_000)
    #expect(OperationSummary(operation: "get").successRate == 1)
  }

  @Test func callsUnderWaySurviveAReset() {
    let metrics = CallMetrics(operations: names)
    metrics.started()
    call(metrics, 0, .success, 5)
    metrics.addSlowCall()
    let tally = CallTally()
    tally.add(.attempts, 3)
    tally.add(.bytesSent, 100)
    tally.add(.queueWait, 70)
    metrics.add(tally)
    let before = metrics.reset()
    #expect(before.total.calls == 1)
    #expect(before.slowCalls == 1)
    #expect(before.attempts == 3)
    #expect(before.bytesSent == 100)
    #expect(before.queueWait.count == 1)
    #expect(before.inFlight == 1)
    metrics.ended(1, .success, nanoseconds: 9)
    let after = metrics.summary()
    #expect(after.inFlight == 0)
    #expect(after.total.calls == 1)
    #expect(after.slowCalls == 0)
    #expect(after.attempts == 0)
    #expect(after.queueWait.count == 0)
  }

  @Test func anOperationThatDoesNotExistDoesNoHarm() {
    let metrics = CallMetrics(operations: names)
    for operation in [-1, 2, Int.max, Int.min] { call(metrics, operation, .error, 1) }
    #expect(metrics.summary().total.calls == 0)
    #expect(metrics.inFlight == 0)
  }

  @Test func nothingIsLostBetweenThreads() {
    let metrics = CallMetrics(operations: names)
    onThreads(4) { thread in
      for turn in 0..<5_000 { call(metrics, turn % 2, turn % 5 == 0 ? .unavailable : .success, UInt64(turn)) }
    }
    let total = metrics.summary().total
    #expect(total.succeeded == 16_000)
    #expect(total.failed == 4_000)
    #expect(metrics.inFlight == 0)
  }

  @Test func slowCallsAreCountedAndTold() {
    let metrics = CallMetrics(operations: names)
    let events = Recorder()
    let slow = SlowCalls(SlowCallSettings(slowCallThreshold: .milliseconds(10)))
    slow.observe("search", elapsed: 9_999_999, metrics, events)
    slow.observe("search", elapsed: 10_000_000, metrics, events)
    SlowCalls(SlowCallSettings()).observe("search", elapsed: .max - 1, metrics, events)
    #expect(metrics.summary().slowCalls == 1)
    #expect(events.told.load() == 1)
    #expect(throws: SettingsError.self) { try SlowCallSettings(slowCallThreshold: .zero).check() }
  }

  private final class Recorder: EventSink {
    let told = AtomicWord(0)
    func wants(_ level: EventLevel) -> Bool { level == .warning }
    func emit(_ event: ResilienceEvent) {
      if case .slowCall(_, elapsed: 10_000_000) = event { told.add(1) }
    }
  }
}
