import Support
import Testing

@testable import Resilience

@Suite struct HealthTests {
  private let second: UInt64 = 1_000_000_000

  /// Records outcomes at seconds and judges at the end.
  private func status(
    _ calls: [(second: UInt64, outcome: CallOutcome, count: Int)], at now: UInt64,
    _ circuits: CircuitStates = CircuitStates()
  ) -> HealthAssessment {
    let monitor = HealthMonitor(HealthSettings())
    for call in calls { for _ in 0..<call.count { monitor.record(call.outcome, at: call.second * second) } }
    return monitor.assess(circuits, at: now * second)
  }

  @Test func theTableOfStatuses() {
    let cases: [([(second: UInt64, outcome: CallOutcome, count: Int)], HealthStatus, HealthAssessment.Reason)] = [
      ([], .unknown, .noCalls),
      ([(100, .cancelled, 5), (100, .overloaded, 5)], .unknown, .noCalls),
      ([(100, .success, 1)], .ok, .working),
      ([(100, .refused, 50)], .ok, .working),
      ([(100, .unavailable, 2)], .degraded, .everyCallFailed),
      ([(100, .unavailable, 3)], .down, .everyCallFailed),
      ([(100, .timeout, 30)], .degraded, .everyCallFailed),
      ([(100, .success, 1), (101, .unavailable, 8)], .ok, .working),
      ([(100, .success, 1), (101, .unavailable, 9)], .degraded, .manyFailures),
      ([(100, .success, 91), (101, .throttled, 9)], .ok, .working),
      ([(100, .success, 90), (101, .throttled, 10)], .degraded, .manyFailures),
      // Long ago: only the last call counts.
      ([(10, .success, 5)], .ok, .idle),
      ([(10, .success, 5), (11, .unavailable, 1)], .unknown, .noCalls),
      ([(10, .unavailable, 50), (100, .success, 1)], .ok, .working),
      ([(10, .success, 500), (100, .unavailable, 5)], .down, .everyCallFailed),
    ]
    for (calls, expected, reason) in cases {
      let found = status(calls, at: 120)
      #expect(found.status == expected, "\(calls)")
      #expect(found.reason == reason, "\(calls)")
    }
  }

  @Test func circuitsComeBeforeTraffic() {
    let good: [(second: UInt64, outcome: CallOutcome, count: Int)] = [(100, .success, 100)]
    #expect(status(good, at: 101, CircuitStates(read: .open)).status == .down)
    #expect(status(good, at: 101, CircuitStates(write: .open)).status == .degraded)
    #expect(status(good, at: 101, CircuitStates(read: .halfOpen)).status == .degraded)
    #expect(status(good, at: 101, CircuitStates(control: .halfOpen)).reason == .circuitHalfOpen)
    #expect(CircuitStates(write: .open, control: .halfOpen).worst == .open)
  }

  @Test func agesAreThoseOfTheLastCalls() {
    let found = status([(100, .success, 1), (104, .unavailable, 1), (105, .timeout, 1)], at: 110)
    #expect(found.lastSuccessAge == 10 * second)
    #expect(found.lastFailureAge == 6 * second)
    #expect(found.calls == 3)
    #expect(found.failures == 2)
    #expect(status([], at: 5).lastSuccessAge == nil)
  }

  /// Against a list of all calls: what is counted lies between the window and the window and one slice.
  @Test(arguments: 1...6 as ClosedRange<UInt64>) func theWindowIsExactToASlice(seed: UInt64) {
    var state = seed
    func next(_ bound: UInt64) -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      return mix(state) % bound
    }
    let monitor = HealthMonitor(HealthSettings())
    var calls: [UInt64] = []
    var now = second
    for _ in 0..<3000 {
      // Bursts, with now and then a long silence.
      now += next(20) == 0 ? next(40 * second) : next(second)
      let counted = monitor.assess(CircuitStates(), at: now).calls
      let least = calls.count { $0 > now - min(now, 60 * second) }
      let most = calls.count { $0 + 65 * second > now }
      #expect(UInt64(least) <= counted && counted <= UInt64(most))
      calls.append(now)
      monitor.record(.success, at: now)
    }
  }

  @Test func settingsOutsideTheirRangesAreNamed() {
    let wrong: [(HealthSettings, String)] = [
      (HealthSettings(window: .zero), "window"), (HealthSettings(degradedRate: .nan), "degraded_rate"),
      (HealthSettings(minCalls: 0), "min_calls"), (HealthSettings(probeTimeout: .seconds(61)), "probe_timeout"),
      (HealthSettings(probeInterval: .milliseconds(999)), "probe_interval"),
    ]
    for (settings, option) in wrong {
      do {
        try settings.check()
        Issue.record("\(option) passed")
      } catch {
        #expect(error.option == "resilience.health." + option)
      }
    }
    #expect(throws: Never.self) { try HealthSettings(probeInterval: .seconds(5)).check() }
  }
}
