import Support
import Testing

@testable import Resilience

/// Hedged reads over the whole request path.
@Suite struct HedgeSimulationTests {
  @Test func runsAreAtMostTwoPaidForAndEnded() {
    simulate(500) { simulation in HedgeScenario(simulation).run() }
  }
}

private final class HedgeScenario: @unchecked Sendable {
  private let simulation: Simulation
  private let environment: SimulatedEnvironment
  private let service: SimulatedService
  private let hedger: Hedger
  private let capacity: Int
  private var running = 0
  private var hedges = 0
  private var returned = 0

  init(_ simulation: Simulation) {
    self.simulation = simulation
    environment = simulation.environment
    var settings = SimulatedService.Settings()
    capacity = simulation.chance.one(of: [0, 20, 500])
    settings.budget.capacity = capacity
    settings.pool.hardLimit = simulation.chance.one(of: [2, 10])
    settings.timeouts.read = .seconds(1)
    service = SimulatedService(simulation, settings)
    service.backend.weather.latency = 20_000_000
    service.backend.weather.stalled = simulation.chance.one(of: [0, 0.1])
    service.backend.weather.unavailable = simulation.chance.one(of: [0, 0.2])
    hedger = Hedger(
      HedgeSettings(delay: simulation.chance.one(of: [nil, .milliseconds(30)])), environment: simulation.environment,
      events: service.events)
  }

  func run() {
    simulation.together((0..<3).map { _ in { self.caller() } })
    simulation.check(running == 0, "\(running) runs have not ended")
    simulation.check(service.events.hedges <= hedges, "\(service.events.hedges) hedges, \(hedges) of them paid")
    let spent = (service.events.retries + hedges) * 5
    simulation.check(spent <= capacity + returned, "\(spent) tokens spent of \(capacity) and \(returned) returned")
    service.finish()
  }

  private func caller() {
    for _ in 0..<20 {
      environment.sleep(simulation.chance.exponential(mean: 50_000_000))
      let began = environment.now()
      let cancel = simulation.chance.happens(0.2) ? CancelToken() : nil
      if let cancel {
        let after = simulation.chance.below(100_000_000)
        _ = environment.start("canceller") { [environment] in
          environment.sleep(after)
          cancel.cancel()
        }
      }
      let context = CallContext(deadline: began + 100_000_000 + simulation.chance.below(3_000_000_000), cancel: cancel)
      let live = read(context)
      let late = environment.timeWithoutEffect
      simulation.check(late <= (context.deadline ?? 0) + 3_000_000, "\(late - began) ns, later than its deadline")
      environment.sleep(5_000_000)
      simulation.check(live.load() == 0, "\(live.load()) runs go on after the call has ended")
    }
  }

  /// Returns the number of runs that go on.
  private func read(_ context: CallContext) -> AtomicWord {
    let runs = AtomicWord(0)
    let live = AtomicWord(0)
    let successes = AtomicWord(0)
    do throws(CallFailure<RequestFailure>) {
      _ = try hedger.run(
        "search", context,
        mayHedge: {
          let isPaid = service.endpoint.budget.takeForHedge()
          if isPaid { hedges += 1 }
          return isPaid
        },
        { [self] context throws(RequestFailure) -> Int in
          runs.add(1)
          running += 1
          live.add(1)
          defer {
            running -= 1
            live.add(.max)
          }
          let ended = service.call(RequestKind("search", .read), context) { step in
            // More than it can be, whichever attempt it was.
            if case .ended(nil) = step { returned += 10 }
          }
          if let failure = ended.failure { throw failure }
          successes.add(1)
          return ended.sent
        })
      simulation.check(successes.load() > 0, "a success nobody had")
    } catch {
      switch error {
      case .failed: simulation.check(successes.load() == 0, "a run succeeded, but the call failed")
      case .interrupted(.cancelled): simulation.check(context.cancel?.isCancelled == true, "cancelled by nobody")
      case .interrupted(.deadlineExceeded):
        simulation.check(environment.timeWithoutEffect >= context.deadline ?? 0, "interrupted before its deadline")
      }
    }
    simulation.check(runs.load() <= 2, "\(runs.load()) runs of one call")
    return live
  }
}
