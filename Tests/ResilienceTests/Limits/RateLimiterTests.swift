import Support
import Testing

@testable import Resilience

/// So many a second, in order, with bursts, and no wait longer than allowed.
@Suite struct RateLimiterTests {
  private let second: UInt64 = 1_000_000_000

  @Test func aBurstGoesAtOnceAndThenTheRateHolds() {
    var machine = RateLimiterStateMachine(interval: 100, burst: 3, maxWait: 1000)
    let decisions = (0..<6).map { _ in machine.admit(now: 5000, patience: .max) }
    #expect(decisions == [.go, .go, .go, .wait(until: 5100), .wait(until: 5200), .wait(until: 5300)])
  }

  @Test func aPauseGivesBackTheBurstAndNoMore() {
    var machine = RateLimiterStateMachine(interval: 100, burst: 2, maxWait: 0)
    #expect(machine.admit(now: 0, patience: .max) == .go)
    #expect(machine.admit(now: 0, patience: .max) == .go)
    #expect(machine.admit(now: 0, patience: .max) == .refuse(retryAfter: 100))
    let later: UInt64 = 1_000_000
    #expect(machine.admit(now: later, patience: .max) == .go)
    #expect(machine.admit(now: later, patience: .max) == .go)
    #expect(machine.admit(now: later, patience: .max) == .refuse(retryAfter: 100))
  }

  @Test func whoWouldWaitLongerThanItsDeadlineIsRefusedAndTakesNoTurn() {
    var machine = RateLimiterStateMachine(interval: 100, burst: 1, maxWait: 1000)
    #expect(machine.admit(now: 0, patience: .max) == .go)
    #expect(machine.admit(now: 0, patience: 99) == .refuse(retryAfter: 100))
    #expect(machine.admit(now: 0, patience: 100) == .wait(until: 100))
  }

  @Test func extremeNumbersDoNotOverflow() {
    var machine = RateLimiterStateMachine(interval: .max, burst: .max, maxWait: .max)
    for _ in 0..<3 { _ = machine.admit(now: .max, patience: .max) }
    #expect(machine.nextArrival == .max)
  }

  /// Over any second, however the callers come: at most the rate and the burst.
  @Test func theRateIsKeptUnderEverySchedule() {
    simulate(200) { simulation in
      let burst = Int(simulation.chance.below(5)) + 1
      let settings = RateLimiterSettings(perSecond: 100, burst: burst, maxWait: .milliseconds(200))
      guard let limiter = RateLimiter(settings, simulation.environment) else {
        return simulation.check(false, "no limiter")
      }
      let sent = Sent()
      simulation.together(
        (0..<8).map { _ -> @Sendable () -> Void in
          {
            for _ in 0..<20 {
              simulation.environment.sleep(simulation.chance.exponential(mean: 30_000_000))
              let asked = simulation.environment.now()
              let context = CallContext(deadline: asked + simulation.chance.below(300_000_000))
              do throws(AdmissionFailure) {
                try limiter.enter(context)
                sent.times.append(simulation.environment.timeWithoutEffect)
                simulation.check(
                  simulation.environment.timeWithoutEffect <= asked + 201_000_000, "waited longer than allowed")
              } catch {
                guard case .overloaded = error else { return simulation.check(false, "\(error)") }
              }
            }
          }
        })
      let times = sent.times.sorted()
      for first in times.indices {
        // A millisecond of drift between the limiter's look at the clock and ours.
        let within = times[first...].prefix { $0 < times[first] + 1_000_000_000 - 1_000_000 }.count
        simulation.check(within <= 100 + burst, "\(within) requests within a second")
      }
      simulation.check(times.count > 50, "only \(times.count) were sent")
    }
  }

  private final class Sent: @unchecked Sendable { var times: [UInt64] = [] }

  @Test func withoutARateThereIsNoLimiter() {
    #expect(RateLimiter(RateLimiterSettings(), SystemEnvironment.shared) == nil)
    #expect(Bulkhead(BulkheadSettings(), SystemEnvironment.shared) == nil)
  }
}
