import Glibc
import Resilience
import Support
import Testing

/// One run: its world, its chance, and what went wrong in it.
final class Simulation: @unchecked Sendable {
  let seed: UInt64
  let environment: SimulatedEnvironment
  /// Chance for the scenario; owned by whichever simulated thread runs.
  var chance: SeededRandom
  private(set) var failures: [String] = []

  init(seed: UInt64, rules: SimulatedEnvironment.Rules? = nil) {
    self.seed = seed
    chance = SeededRandom(seed)
    var chosen = rules ?? SimulatedEnvironment.Rules()
    if rules == nil {
      chosen.preemption = chance.one(of: [0, 0.02, 0.2, 0.5])
      chosen.grain = chance.one(of: [1, 1_000_000])
    }
    environment = SimulatedEnvironment(seed: seed, rules: chosen)
  }

  /// Notes a broken promise.
  func check(_ holds: Bool, _ promise: @autoclosure () -> String) {
    if holds || failures.count >= 5 { return }
    failures.append("at \(Double(environment.timeWithoutEffect) / 1e9) s: " + promise())
  }

  /// Runs `bodies` as threads of their own; returns when all have ended.
  func together(_ bodies: [@Sendable () -> Void]) {
    let parking = environment.makeParking()
    let left = AtomicWord(UInt64(bodies.count))
    for body in bodies {
      _ = environment.start("caller") {
        body()
        if left.add(.max) == 1 { parking.wake() }
      }
    }
    if !bodies.isEmpty { _ = parking.park(until: nil, cancel: nil) }
  }

  /// Runs the simulation to its end.
  func run(_ body: @escaping @Sendable (Simulation) -> Void) {
    if let failure = environment.run({ [self] in body(self) }) { failures.append(failure) }
  }
}

/// Runs a scenario with one seed after the other, and tells of every seed that breaks a promise.
///
/// `VDB_SIM_SEED=n` runs that seed alone, `VDB_SIM_SEEDS=n` so many seeds instead of `count`.
func simulate(
  _ count: Int, rules: SimulatedEnvironment.Rules? = nil, sourceLocation: SourceLocation = #_sourceLocation,
  _ scenario: @escaping @Sendable (Simulation) -> Void
) {
  var seeds = 1...UInt64(max(number(in: "VDB_SIM_SEEDS") ?? count, 1))
  if let only = number(in: "VDB_SIM_SEED") { seeds = UInt64(only)...UInt64(only) }
  var broken = 0
  for seed in seeds where broken < 3 {
    let simulation = Simulation(seed: seed, rules: rules)
    simulation.run(scenario)
    if simulation.failures.isEmpty { continue }
    broken += 1
    Issue.record(
      "VDB_SIM_SEED=\(seed): \(simulation.failures.joined(separator: "; "))", sourceLocation: sourceLocation)
  }
}

/// Whether somebody asked for few seeds: under a sanitizer, where everything takes ten times as long.
let isBrief = (number(in: "VDB_SIM_SEEDS") ?? .max) < 100

private func number(in variable: String) -> Int? { getenv(variable).flatMap { Int(String(cString: $0)) } }
