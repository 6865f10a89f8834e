import Support

@testable import Resilience

/// A whole endpoint in the simulation: executor, breakers, budget and pool that ship, over a simulated backend.
final class SimulatedService: @unchecked Sendable {
  typealias Executor = RequestExecutor<Pool<SimulatedFactory>>

  struct Settings {
    var pool = PoolSettings()
    var breaker = CircuitBreakerSettings()
    var budget = RetryBudgetSettings()
    var retry = RetrySettings()
    var timeouts = AttemptTimeouts()
    var limiter: (any Admission)?
    var bulkhead: (any Admission)?
  }

  /// How one call ended, and what it cost.
  struct Ended {
    let failure: RequestFailure?
    /// Requests of it that reached the backend.
    let sent: Int
    let began: UInt64
    let ended: UInt64
  }

  let simulation: Simulation
  let backend: SimulatedBackend
  let factory: SimulatedFactory
  let pool: Pool<SimulatedFactory>
  let endpoint: Endpoint<Pool<SimulatedFactory>>
  let executor: Executor
  let events = SimulatedEvents()

  init(_ simulation: Simulation, _ settings: Settings = Settings()) {
    self.simulation = simulation
    backend = SimulatedBackend(simulation)
    factory = SimulatedFactory(simulation, hardLimit: settings.pool.hardLimit)
    pool = Pool(factory, settings.pool, simulation.environment, events: events)
    endpoint = Endpoint(
      identity: "simulated", connections: pool, breaker: settings.breaker, budget: settings.budget,
      limiter: settings.limiter, bulkhead: settings.bulkhead, environment: simulation.environment)
    executor = Executor(endpoint, retry: settings.retry, timeouts: settings.timeouts, events: events)
  }

  /// One call; `watch` is told of every attempt that was sent, before and after.
  func call(_ kind: RequestKind, _ context: CallContext, watch: (AttemptStep) -> Void = { _ in }) -> Ended {
    var sent = 0
    let began = simulation.environment.now()
    var failure: RequestFailure?
    do throws(RequestFailure) {
      try executor.run(kind, context) { connection, context throws(AttemptFailure) in
        sent += 1
        connection.holders += 1
        simulation.check(connection.holders == 1, "connection \(connection.number) serves two requests")
        simulation.check(!connection.isClosed, "connection \(connection.number) is used after it was closed")
        watch(.began)
        let failed = backend.serve(connection, context, isRead: kind.requestClass == .read)
        connection.holders -= 1
        watch(.ended(failed?.kind))
        if let failed { throw failed }
      }
    } catch {
      failure = error
    }
    return Ended(failure: failure, sent: sent, began: began, ended: simulation.environment.timeWithoutEffect)
  }

  /// Reads that come on their own until `count` have come; returns when all have ended. They come `perSecond` on average, by
  /// chance as from many clients, or evenly as from a clock.
  func traffic(
    _ count: Int, perSecond: Double, isEven: Bool = false, deadline: UInt64 = 10_000_000_000,
    _ done: @escaping @Sendable (Ended) -> Void
  ) {
    let environment = simulation.environment
    let parking = environment.makeParking()
    let left = AtomicWord(UInt64(count) + 1)
    let finish: @Sendable () -> Void = { if left.add(.max) == 1 { parking.wake() } }
    let pause = UInt64(1e9 / perSecond)
    for _ in 0..<count {
      environment.sleep(isEven ? pause : simulation.chance.exponential(mean: pause))
      _ = environment.start("call") { [self] in
        done(call(RequestKind("search", .read), CallContext(deadline: environment.now() + deadline)))
        finish()
      }
    }
    finish()
    _ = parking.park(until: nil, cancel: nil)
  }

  /// What must hold when nobody calls any more.
  func finish() {
    let stats = pool.stats
    simulation.check(stats.leased == 0 && stats.opening == 0 && stats.waiting == 0, "\(stats) with nobody there")
    pool.close()
    simulation.check(pool.stats.idle == 0, "connections outlive the pool")
    simulation.check(factory.opened == factory.closed, "\(factory.opened) opened, \(factory.closed) closed")
  }
}

/// What `call` tells of an attempt.
enum AttemptStep {
  case began
  case ended(AttemptFailure.Kind?)
}

/// Keeps what was told. Owned by whichever simulated thread runs.
final class SimulatedEvents: EventSink, @unchecked Sendable {
  private(set) var changes: [(requestClass: RequestClass, to: CircuitState)] = []
  private(set) var retries = 0
  private(set) var hedges = 0
  /// Told when a circuit opens.
  var opened: () -> Void = {}

  func wants(_ level: EventLevel) -> Bool { true }

  func emit(_ event: ResilienceEvent) {
    switch event {
    case .breakerChanged(let requestClass, _, let state):
      changes.append((requestClass, state))
      if state == .open { opened() }
    case .attemptRetried: retries += 1
    case .hedgeStarted: hedges += 1
    default: break
    }
  }
}
