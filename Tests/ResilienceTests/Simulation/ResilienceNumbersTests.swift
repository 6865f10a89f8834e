import Support
import Testing

@testable import Resilience

/// The figures the defaults were chosen for, with the code that ships. `docs/decisions/resilience-numbers.md` has the table.
@Suite(.serialized, .enabled(if: !isBrief)) struct ResilienceNumbersTests {
  /// What came of many calls.
  private final class Tally: @unchecked Sendable {
    var calls = 0
    var successes = 0
    var sent = 0
    var latest: UInt64 = 0
    var openedAfter: UInt64?

    func add(_ ended: SimulatedService.Ended) {
      calls += 1
      sent += ended.sent
      if ended.failure == nil { successes += 1 }
      latest = max(latest, ended.ended - ended.began)
    }
  }

  private let rules = SimulatedEnvironment.Rules(preemption: 0, drift: 0)

  @Test(arguments: [1.0, 5, 50, 500])
  func withThirtyPercentFailuresNearlyEveryCallSucceeds(perSecond: Double) {
    let simulation = Simulation(seed: 1, rules: rules)
    let tally = Tally()
    simulation.run { simulation in
      let service = SimulatedService(simulation)
      service.backend.weather.unavailable = 0.3
      service.traffic(50_000, perSecond: perSecond) { tally.add($0) }
      simulation.check(service.events.changes.isEmpty, "the circuit opened: \(service.events.changes)")
      service.finish()
    }
    let success = Double(tally.successes) / Double(tally.calls)
    let attempts = Double(tally.sent) / Double(tally.calls)
    print(
      "\(perSecond)/s: \(success * 100) % success, \(attempts) attempts a call, \(tally.latest / 1_000_000) ms at most")
    #expect(simulation.failures == [])
    #expect(success >= 0.999)
    #expect(attempts <= 1.5)
  }

  /// After a minute of health nobody is there any more. Evenly spaced calls: by chance none may come for seconds.
  @Test(arguments: [1.0, 5, 50, 500])
  func aDeadBackendIsLeftAlone(perSecond: Double) {
    let simulation = Simulation(seed: 1, rules: rules)
    let tally = Tally()
    simulation.run { simulation in
      let service = SimulatedService(simulation)
      service.traffic(Int(60 * perSecond), perSecond: perSecond, isEven: true) { _ in }
      service.factory.weather.isDead = true
      service.factory.breakAll()
      let died = simulation.environment.now()
      let before = service.factory.attempts + service.backend.requests
      service.events.opened = {
        if tally.openedAfter == nil { tally.openedAfter = simulation.environment.timeWithoutEffect - died }
      }
      service.traffic(max(1000, Int(20 * perSecond)), perSecond: perSecond, isEven: true) { tally.add($0) }
      tally.sent = service.factory.attempts + service.backend.requests - before
      service.finish()
    }
    let opened = tally.openedAfter.map { Double($0) / 1e9 }
    print("dead at \(perSecond)/s: opened after \(opened ?? -1) s, \(tally.sent) requests for \(tally.calls) calls")
    #expect(simulation.failures == [])
    #expect(opened ?? 99 <= 6)
    #expect(tally.calls >= 1000)
    #expect(Double(tally.sent) <= 1.2 * Double(tally.calls))
    #expect(tally.successes == 0)
  }
}
