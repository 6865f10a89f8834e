import Support
import Testing

@testable import Resilience

/// The pool under callers that come at random, are cancelled, run out of time and break their connections.
@Suite struct PoolSimulationTests {
  /// Slack for a deadline: what the simulated clock drifts while everybody else has a turn.
  private let tolerance: UInt64 = 2_000_000

  @Test func noLeaseIsLostDoubledOrLate() {
    simulate(1500) { simulation in PoolScenario(simulation).run() }
  }

  /// One connection, nobody breaks anything: every caller must get it in time, and nobody twice before another once.
  @Test func everybodyGetsATurn() {
    simulate(100) { simulation in
      let factory = SimulatedFactory(simulation, hardLimit: 1)
      let pool = Pool(factory, PoolSettings(hardLimit: 1), simulation.environment)
      let turns = (0..<6).map { _ in AtomicWord(0) }
      simulation.together(
        turns.map { mine -> @Sendable () -> Void in
          {
            for _ in 0..<10 {
              do throws(LeaseFailure) {
                let lease = try pool.lease(.unbounded)
                mine.add(1)
                simulation.environment.sleep(1_000_000)
                pool.giveBack(lease, reusable: true)
              } catch {
                simulation.check(false, "\(error)")
              }
              let most = turns.map { $0.load() }.max() ?? 0
              simulation.check(most <= mine.load() + 3, "somebody had \(most) turns, this one \(mine.load())")
            }
          }
        })
      pool.close()
      simulation.check(factory.opened == 1, "\(factory.opened) connections opened")
    }
  }
}

/// One run of the pool: who does what is drawn from the seed.
private final class PoolScenario: @unchecked Sendable {
  private let simulation: Simulation
  private let environment: SimulatedEnvironment
  private let factory: SimulatedFactory
  private let pool: Pool<SimulatedFactory>
  private let settings: PoolSettings
  private var successes = 0
  private var broken = 0

  init(_ simulation: Simulation) {
    self.simulation = simulation
    environment = simulation.environment
    let hardLimit = simulation.chance.one(of: [1, 2, 3, 10])
    var settings = PoolSettings(hardLimit: hardLimit)
    settings.softLimit = simulation.chance.one(of: [nil, 0, 1])
    settings.waitTimeout = simulation.chance.one(of: [.milliseconds(5), .milliseconds(50), .seconds(5)])
    settings.connectTimeout = simulation.chance.one(of: [.milliseconds(5), .seconds(1)])
    settings.idleTimeout = simulation.chance.one(of: [.zero, .milliseconds(10), .seconds(600)])
    settings.lifetime = simulation.chance.one(of: [.milliseconds(1), .milliseconds(20), .seconds(1800)])
    settings.checkAfterIdle = simulation.chance.one(of: [.zero, .milliseconds(1), .seconds(1)])
    self.settings = settings
    factory = SimulatedFactory(simulation, hardLimit: hardLimit)
    factory.weather.openFailureRate = simulation.chance.one(of: [0, 0, 0.3, 1])
    factory.weather.openStallRate = simulation.chance.one(of: [0, 0, 0.1])
    pool = Pool(factory, settings, environment)
  }

  func run() {
    let callers = Int(simulation.chance.below(12)) + 1
    let closesEarly = simulation.chance.happens(0.2)
    var bodies: [@Sendable () -> Void] = (0..<callers).map { _ in { self.caller() } }
    if closesEarly {
      bodies.append {
        self.environment.sleep(self.simulation.chance.below(40_000_000))
        self.pool.close()
      }
    }
    if simulation.chance.happens(0.3) {
      bodies.append {
        self.environment.sleep(self.simulation.chance.below(20_000_000))
        self.factory.breakAll()
        self.pool.closeExpired()
      }
    }
    simulation.together(bodies)

    let before = pool.stats
    simulation.check(before.leased == 0 && before.opening == 0, "\(before) although everybody has left")
    simulation.check(before.waiting == 0, "\(before.waiting) wait although nobody is there")
    let kept = settings.softLimit ?? settings.hardLimit
    simulation.check(before.idle <= kept, "\(before.idle) idle connections, \(kept) are to be kept")
    pool.close()
    let stats = pool.stats
    simulation.check(stats.idle == 0, "\(stats.idle) connections outlive the pool")
    simulation.check(factory.opened == factory.closed, "\(factory.opened) opened, \(factory.closed) closed")
    simulation.check(stats.ended == stats.opened, "the pool counts \(stats.opened) opened, \(stats.ended) ended")
    if callers > 6 && !closesEarly && settings.connectTimeout >= .seconds(1) && factory.weather.openFailureRate == 0
      && factory.weather.openStallRate == 0
    {
      simulation.check(successes > 0, "nobody ever got a connection")
    }
  }

  private func caller() {
    for _ in 0..<simulation.chance.below(8) + 1 {
      environment.sleep(simulation.chance.exponential(mean: 5_000_000))
      let began = environment.now()
      let deadline = simulation.chance.happens(0.5) ? began + simulation.chance.below(40_000_000) : nil
      let cancel = simulation.chance.happens(0.3) ? CancelToken() : nil
      if let cancel {
        let after = simulation.chance.below(10_000_000)
        _ = environment.start("canceller") { [environment] in
          environment.sleep(after)
          cancel.cancel()
        }
      }
      use(CallContext(deadline: deadline, cancel: cancel), began)
    }
  }

  private func use(_ context: CallContext, _ began: UInt64) {
    do throws(LeaseFailure) {
      let lease = try pool.lease(context, fresh: simulation.chance.happens(0.1))
      successes += 1
      let connection = unsafeDowncast(lease.connection, to: SimulatedConnection.self)
      connection.holders += 1
      simulation.check(connection.holders == 1, "connection \(connection.number) was lent twice")
      simulation.check(!connection.isClosed, "connection \(connection.number) was lent after it was closed")
      inTime(began, context)
      environment.sleep(simulation.chance.exponential(mean: 3_000_000))
      simulation.check(connection.holders == 1, "connection \(connection.number) was lent to another one meanwhile")
      connection.holders -= 1
      pool.giveBack(lease, reusable: connection.isAlive && !simulation.chance.happens(0.1))
      // A second return of the same lease must change nothing.
      if simulation.chance.happens(0.1) { pool.giveBack(lease, reusable: true) }
    } catch {
      inTime(began, context)
      switch error {
      case .poolTimeout:
        let waited = environment.now() - began
        simulation.check(waited >= settings.waitTimeout.nanoseconds, "gave up waiting after \(waited) ns")
      case .deadlineExceeded: simulation.check(context.deadline != nil, "a deadline nobody set passed")
      case .cancelled: simulation.check(context.cancel?.isCancelled == true, "cancelled by nobody")
      case .closed, .openFailed: break
      }
    }
  }

  private func inTime(_ began: UInt64, _ context: CallContext) {
    let longest = settings.waitTimeout.nanoseconds + settings.connectTimeout.nanoseconds
    let limit = min(context.deadline ?? .max, began + longest) + 2_000_000
    let now = environment.timeWithoutEffect
    simulation.check(now <= limit, "a lease ended \(now - min(limit, now)) ns too late")
  }
}
