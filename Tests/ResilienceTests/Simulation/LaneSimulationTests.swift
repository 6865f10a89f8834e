import Support
import Testing

@testable import Resilience

/// Lanes under calls that come at random, hang, run out of time, are cancelled and withdrawn, with threads that are refused.
@Suite struct LaneSimulationTests {
  @Test func everyCallRunsOnceAndInTime() {
    simulate(1500) { simulation in LaneScenario(simulation).run() }
  }

  /// A lane full of calls that hang holds up no other lane.
  @Test func aLaneThatHangsStarvesNobody() {
    simulate(50) { simulation in
      let environment = simulation.environment
      let stuck = Lane(LaneSettings(threads: 2), environment)
      let healthy = Lane(LaneSettings(threads: 2), environment)
      let cancel = CancelToken()
      for _ in 0..<40 {
        try? stuck.submit(LaneCall(), deadline: nil) {
          _ = environment.makeParking().park(until: nil, cancel: cancel)
        }
      }
      for _ in 0..<20 {
        let asked = environment.now()
        let parking = environment.makeParking()
        try? healthy.submit(LaneCall(), deadline: nil) { parking.wake() }
        let reason = parking.park(until: asked + 50_000_000, cancel: nil)
        simulation.check(reason == .woken, "a healthy lane did not run a call within 50 ms")
      }
      cancel.cancel()
      stuck.close()
      healthy.close()
    }
  }

  /// One thread: calls begin in the order in which they were taken.
  @Test func callsBeginInOrder() {
    simulate(50) { simulation in
      let environment = simulation.environment
      let lane = Lane(LaneSettings(threads: 1), environment)
      let begun = AtomicWord(0)
      for number in 0..<UInt64(50) {
        try? lane.submit(LaneCall(), deadline: nil) {
          simulation.check(begun.add(1) == number, "call \(number) begins as number \(begun.load() - 1)")
          environment.sleep(simulation.chance.below(1_000_000))
        }
      }
      environment.sleep(1_000_000_000)
      simulation.check(begun.load() == 50, "only \(begun.load()) calls ran")
    }
  }
}

/// An environment that refuses threads by chance.
private final class StingyEnvironment: Environment {
  private let simulation: Simulation
  private let refusals: Double

  init(_ simulation: Simulation, refusals: Double) {
    self.simulation = simulation
    self.refusals = refusals
  }

  func now() -> UInt64 { simulation.environment.now() }
  func random() -> UInt64 { simulation.environment.random() }
  func makeParking() -> any Parking { simulation.environment.makeParking() }
  func start(_ name: StaticString, _ body: @escaping @Sendable () -> Void) -> Bool {
    if simulation.chance.happens(refusals) { return false }
    return simulation.environment.start(name, body)
  }
}

private final class LaneScenario: @unchecked Sendable {
  /// Slack for a deadline: what the simulated clock drifts while everybody else has a turn.
  private let tolerance: UInt64 = 2_000_000

  private let simulation: Simulation
  private let settings: LaneSettings
  private let lane: Lane
  private let refusals: Double
  // Owned by whichever simulated thread runs.
  private var running = 0
  private var calls: [Watched] = []

  /// One call and what became of it.
  private final class Watched: @unchecked Sendable {
    let call = LaneCall()
    let token = CancelToken()
    var deadline: UInt64?
    var runs = 0
    var isTaken = false
    var isWithdrawn = false
  }

  init(_ simulation: Simulation) {
    self.simulation = simulation
    settings = LaneSettings(
      threads: Int(simulation.chance.below(4)) + 1, queueLimit: simulation.chance.one(of: [1, 3, 1000]),
      idleTimeout: simulation.chance.one(of: [.zero, .milliseconds(3), .seconds(5)]))
    refusals = simulation.chance.one(of: [0, 0, 0, 0.3])
    lane = Lane(settings, StingyEnvironment(simulation, refusals: refusals))
  }

  func run() {
    let callers = Int(simulation.chance.below(6)) + 1
    var bodies: [@Sendable () -> Void] = (0..<callers).map { _ in { self.caller() } }
    if simulation.chance.happens(0.2) {
      bodies.append {
        self.simulation.environment.sleep(self.simulation.chance.below(40_000_000))
        self.lane.close()
      }
    }
    simulation.together(bodies)
    // Whatever hangs without a deadline is cancelled now, as everybody would who wants to end.
    for watched in calls { end(watched) }
    simulation.environment.sleep(20_000_000_000)
    for watched in calls {
      let wanted = watched.isTaken && !watched.isWithdrawn ? 1 : 0
      simulation.check(watched.runs == wanted, "a call ran \(watched.runs) times, expected \(wanted)")
    }
    let load = lane.load
    simulation.check(load.waiting == 0, "\(load.waiting) calls wait for ever")
    simulation.check(load.threads == 0, "\(load.threads) threads stay although nobody calls")
  }

  private func caller() {
    let environment = simulation.environment
    for _ in 0..<simulation.chance.below(12) + 1 {
      environment.sleep(simulation.chance.exponential(mean: 1_000_000))
      let watched = Watched()
      let now = environment.now()
      if simulation.chance.happens(0.5) { watched.deadline = now + simulation.chance.below(30_000_000) }
      let duration = simulation.chance.happens(0.1) ? UInt64.max / 2 : simulation.chance.exponential(mean: 3_000_000)
      calls.append(watched)
      do throws(LaneRefusal) {
        try lane.submit(watched.call, deadline: watched.deadline) { self.body(watched, duration) }
        watched.isTaken = true
      } catch {
        switch error {
        case .full(let limit): simulation.check(limit == settings.queueLimit, "full at \(limit)")
        case .heavy: simulation.check(false, "too heavy, though nothing has a weight")
        case .noThread: simulation.check(refusals > 0, "no thread, though nobody refused one")
        case .closed: break
        }
      }
      guard watched.isTaken, simulation.chance.happens(0.4) else { continue }
      environment.sleep(simulation.chance.below(5_000_000))
      if simulation.chance.happens(0.5) { end(watched) } else { withdraw(watched) }
    }
  }

  /// Cancels as a token does.
  private func end(_ watched: Watched) {
    watched.token.cancel()
    lane.hasten(watched.call)
  }

  private func withdraw(_ watched: Watched) {
    guard lane.withdraw(watched.call) else { return }
    simulation.check(watched.runs == 0, "a call was withdrawn that had run")
    watched.isWithdrawn = true
  }

  private func body(_ watched: Watched, _ duration: UInt64) {
    let environment = simulation.environment
    watched.runs += 1
    let start = environment.timeWithoutEffect
    if let deadline = watched.deadline, refusals == 0 {
      simulation.check(start <= deadline + tolerance, "began \(start - deadline) ns after its deadline")
    }
    // As every call does first.
    if watched.token.isCancelled || watched.deadline.map({ $0 <= start }) ?? false { return }
    running += 1
    simulation.check(running <= settings.threads, "\(running) calls run on \(settings.threads) threads")
    let end = min(start + duration, watched.deadline ?? .max)
    _ = environment.makeParking().park(until: end, cancel: watched.token)
    running -= 1
  }
}
