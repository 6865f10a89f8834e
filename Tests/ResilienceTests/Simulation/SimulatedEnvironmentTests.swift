import Resilience
import Support
import Testing

/// The simulator itself: what it promises the tests that use it.
@Suite struct SimulatedEnvironmentTests {
  /// Threads that wait, wake each other and draw numbers.
  private func busy(_ simulation: Simulation) {
    let environment = simulation.environment
    let parkings = (0..<8).map { _ in environment.makeParking() }
    simulation.together(
      (0..<8).map { (index: Int) -> @Sendable () -> Void in
        {
          for _ in 0..<50 {
            let pause = environment.random() % 1_000_000
            _ = parkings[index].park(until: environment.now() + pause, cancel: nil)
            parkings[Int(environment.random() % 8)].wake()
            environment.note(environment.now())
          }
        }
      })
  }

  private func trace(_ seed: UInt64) -> UInt64 {
    let simulation = Simulation(seed: seed)
    simulation.run(busy)
    #expect(simulation.failures == [])
    return simulation.environment.trace
  }

  @Test func theSameSeedGivesTheSameRun() {
    for seed in 1...50 { #expect(trace(UInt64(seed)) == trace(UInt64(seed))) }
  }

  @Test func anotherSeedGivesAnotherRun() {
    #expect(Set((1...50).map { trace(UInt64($0)) }).count == 50)
  }

  @Test func waitingCostsNoRealTime() {
    let simulation = Simulation(seed: 1)
    let began = monotonicNanoseconds()
    simulation.run { simulation in
      let before = simulation.environment.now()
      simulation.environment.sleep(3_600_000_000_000)
      let passed = simulation.environment.now() - before
      simulation.check(passed >= 3_600_000_000_000, "only \(passed) ns passed")
      simulation.check(passed < 3_600_002_000_000, "\(passed) ns passed")
    }
    #expect(simulation.failures == [])
    #expect(monotonicNanoseconds() - began < 2_000_000_000)
  }

  @Test func threadsThatWaitForEachOtherAreFound() {
    let simulation = Simulation(seed: 1)
    simulation.run { simulation in
      _ = simulation.environment.makeParking().park(until: nil, cancel: nil)
    }
    #expect(simulation.failures.count == 1)
    #expect(simulation.failures.first?.hasPrefix("deadlock: 1 threads") == true)
  }

  @Test func threadsThatNeverEndAreFound() {
    let simulation = Simulation(seed: 1, rules: SimulatedEnvironment.Rules(turnLimit: 1000))
    simulation.run { simulation in while true { simulation.environment.sleep(1) } }
    #expect(simulation.failures.first?.hasPrefix("no end after") == true)
  }

  @Test func aWakeUpIsKeptAndWinsOverADeadlineThatPassed() {
    simulate(20) { simulation in
      let environment = simulation.environment
      let parking = environment.makeParking()
      parking.wake()
      simulation.check(parking.park(until: 0, cancel: nil) == .woken, "a kept wake-up was lost")
      simulation.check(parking.park(until: 0, cancel: nil) == .deadlineReached, "a wake-up counted twice")
    }
  }

  @Test func aCancelEndsAWait() {
    simulate(50) { simulation in
      let environment = simulation.environment
      let cancel = CancelToken()
      let reasons = AtomicWord(0)
      simulation.together([
        {
          let reason = environment.makeParking().park(until: nil, cancel: cancel)
          if reason == .cancelled { reasons.add(1) }
        },
        {
          environment.sleep(1000)
          cancel.cancel()
        },
      ])
      simulation.check(reasons.load() == 1, "the wait ended otherwise")
    }
  }

  /// Two threads that read, are interrupted and write: some seed must show the lost update, or interruptions do not happen.
  @Test func someSeedInterruptsBetweenReadingAndWriting() {
    var lost = 0
    for seed in 1...100 {
      let simulation = Simulation(seed: UInt64(seed))
      simulation.run { simulation in
        let environment = simulation.environment
        let total = AtomicWord(0)
        let step: @Sendable () -> Void = {
          let before = total.load()
          _ = environment.now()
          total.store(before + 1)
        }
        simulation.together([step, step])
        simulation.check(total.load() == 2, "lost")
      }
      if !simulation.failures.isEmpty { lost += 1 }
    }
    #expect(lost > 0)
    #expect(lost < 100)
  }
}
