import Support
import Testing

@testable import Resilience

/// The whole request path under changing weather: what must hold whatever happens.
@Suite struct RequestSimulationTests {
  @Test func limitsDeadlinesAndLeasesHold() {
    simulate(1500) { simulation in RequestScenario(simulation).run() }
  }

  /// A seed that fails can only be looked into when it fails again.
  @Test func theSameSeedGivesTheSameRun() {
    for seed in 1...30 {
      let runs = (0..<2).map { _ in
        let simulation = Simulation(seed: UInt64(seed))
        simulation.run { simulation in RequestScenario(simulation).run() }
        return simulation
      }
      #expect(runs[0].environment.trace == runs[1].environment.trace)
      #expect(runs[0].environment.turns == runs[1].environment.turns)
    }
  }
}

/// One run: limits, weather and callers are drawn from the seed.
private final class RequestScenario: @unchecked Sendable {
  private let simulation: Simulation
  private let environment: SimulatedEnvironment
  private let settings: SimulatedService.Settings
  private let service: SimulatedService
  private let tolerance: UInt64 = 3_000_000
  // Owned by whichever simulated thread runs.
  private var isOver = false
  private var trials = [0, 0, 0]
  private var returned = 0

  init(_ simulation: Simulation) {
    self.simulation = simulation
    environment = simulation.environment
    var settings = SimulatedService.Settings()
    settings.pool.hardLimit = simulation.chance.one(of: [1, 2, 10])
    settings.pool.waitTimeout = .milliseconds(500)
    settings.pool.connectTimeout = .milliseconds(500)
    settings.budget.capacity = simulation.chance.one(of: [0, 20, 500])
    settings.retry.maxAttempts = simulation.chance.one(of: [1, 2, 6])
    settings.retry.maxWriteAttempts = simulation.chance.one(of: [1, 3])
    settings.retry.maxDelay = .seconds(2)
    settings.breaker.minimumCalls = 10
    settings.breaker.consecutiveFailures = 5
    settings.breaker.consecutiveDuration = .seconds(1)
    settings.breaker.openDuration = .seconds(4)
    settings.breaker.halfOpenCalls = simulation.chance.one(of: [1, 2])
    settings.timeouts.read = .milliseconds(400)
    settings.timeouts.write = .milliseconds(600)
    if simulation.chance.happens(0.3) {
      settings.limiter = RateLimiter(
        RateLimiterSettings(perSecond: 20, burst: 5, maxWait: .milliseconds(500)), simulation.environment)
    }
    if simulation.chance.happens(0.3) {
      settings.bulkhead = Bulkhead(
        BulkheadSettings(maxConcurrent: 2, maxWaiting: 4, maxWait: .milliseconds(300)), simulation.environment)
    }
    self.settings = settings
    service = SimulatedService(simulation, settings)
    service.factory.weather.openTime = 1_000_000
  }

  func run() {
    _ = environment.start("weather") { self.changeWeather() }
    let callers = Int(simulation.chance.below(8)) + 1
    simulation.together((0..<callers).map { _ in { self.caller() } })
    isOver = true
    checkBudget()
    service.finish()
    if let bulkhead = settings.bulkhead as? Bulkhead {
      simulation.check(bulkhead.stats.inside == 0, "\(bulkhead.stats.inside) still inside the bulkhead")
    }
  }

  private func changeWeather() {
    while !isOver {
      service.factory.weather.isDead = false
      service.backend.weather = SimulatedBackend.Weather()
      switch simulation.chance.below(9) {
      case 0: service.factory.weather.isDead = true
      case 1: service.backend.weather.unavailable = 0.3
      case 2: service.backend.weather.unavailable = 1
      case 3: service.backend.weather.throttled = 0.5
      case 4: service.backend.weather.broken = 0.3
      case 5: service.backend.weather.stalled = simulation.chance.one(of: [0.1, 1])
      case 6:
        service.backend.weather.refused = 0.5
        service.backend.weather.conflicted = 0.3
      default: break
      }
      service.backend.weather.latency = simulation.chance.one(of: [1_000_000, 10_000_000, 100_000_000])
      service.backend.weather.retryAfter = simulation.chance.one(of: [nil, nil, 50_000_000, 60_000_000_000])
      if simulation.chance.happens(0.2) { service.factory.breakAll() }
      environment.sleep(simulation.chance.exponential(mean: 2_000_000_000))
    }
  }

  private func caller() {
    for _ in 0..<simulation.chance.below(12) + 3 {
      environment.sleep(simulation.chance.exponential(mean: 300_000_000))
      let requestClass = simulation.chance.one(of: [RequestClass.read, .read, .write, .control])
      let kind = RequestKind(
        "simulated", requestClass, isIdempotent: requestClass == .read || simulation.chance.happens(0.5))
      let now = environment.now()
      let deadline = simulation.chance.happens(0.6) ? now + simulation.chance.below(3_000_000_000) : nil
      var cancelled: UInt64?
      let cancel = simulation.chance.happens(0.2) ? CancelToken() : nil
      if let cancel {
        let after = now + simulation.chance.below(500_000_000)
        cancelled = after
        _ = environment.start("canceller") { [environment] in
          _ = environment.makeParking().park(until: after, cancel: nil)
          cancel.cancel()
        }
      }
      call(kind, CallContext(deadline: deadline, cancel: cancel), cancelled: cancelled)
    }
  }

  private func call(_ kind: RequestKind, _ context: CallContext, cancelled: UInt64?) {
    let breakers = service.endpoint.breakers
    let requestClass = kind.requestClass
    var isTrial = false
    var mayHaveApplied = false
    var isFinal = false
    var begun = 0
    let tally = CallTally()
    let context = CallContext(deadline: context.deadline, cancel: context.cancel, tally: tally)
    let ended = service.call(kind, context) { step in
      switch step {
      case .began:
        begun += 1
        simulation.check(kind.isIdempotent || !mayHaveApplied, "a write that may have been applied was sent again")
        simulation.check(!isFinal, "sent again after an answer that was final")
        isTrial = breakers.state(requestClass) == .halfOpen
        guard isTrial else { return }
        trials[requestClass.rawValue] += 1
        simulation.check(
          trials[requestClass.rawValue] <= settings.breaker.halfOpenCalls,
          "\(trials[requestClass.rawValue]) trials at once in a half-open circuit")
      case .ended(let failure):
        if isTrial { trials[requestClass.rawValue] -= 1 }
        isTrial = false
        switch failure {
        case nil: returned += tally[.attempts] == 1 ? settings.budget.successReturn : settings.budget.timeoutCost
        case .timedOut, .broken: mayHaveApplied = true
        case .refused, .cancelled: isFinal = true
        default: break
        }
      }
    }
    check(ended, kind, context, Int(tally[.attempts]), cancelled: cancelled)
    checkBudget()
  }

  private func check(
    _ ended: SimulatedService.Ended, _ kind: RequestKind, _ context: CallContext, _ attempts: Int, cancelled: UInt64?
  ) {
    let limit = settings.retry.attemptLimit(kind.requestClass)
    simulation.check(attempts <= limit, "\(attempts) attempts, \(limit) allowed")
    // A dead connection of the pool may be replaced once an attempt.
    simulation.check(ended.sent <= 2 * limit, "sent \(ended.sent) times with \(limit) attempts allowed")
    if let deadline = context.deadline {
      simulation.check(
        ended.ended <= max(deadline, ended.began) + tolerance, "ended \(ended.ended - deadline) ns after its deadline")
    }
    if let cancelled {
      simulation.check(
        ended.ended <= max(cancelled, ended.began) + tolerance, "ended \(ended.ended - cancelled) ns after its cancel")
    }
    guard let failure = ended.failure else { return }
    simulation.check(failure.attempts == attempts, "tells of \(failure.attempts) attempts, \(attempts) were made")
    switch failure.reason {
    case .cancelled: simulation.check(context.cancel?.isCancelled == true, "cancelled by nobody")
    case .deadlineExceeded: simulation.check(context.deadline != nil, "a deadline nobody set passed")
    case .closed: simulation.check(false, "the pool is open")
    case .attemptFailed, .circuitOpen, .poolTimeout, .overloaded: break
    }
  }

  /// Every repetition was paid, at least with its lowest price, from the bucket or from what came back since.
  private func checkBudget() {
    let spent = service.events.retries * min(settings.budget.retryCost, settings.budget.timeoutCost)
    simulation.check(
      spent <= settings.budget.capacity + returned,
      "\(service.events.retries) repetitions with \(settings.budget.capacity) tokens and \(returned) returned")
    let level = service.endpoint.budget.level
    simulation.check(level <= settings.budget.capacity, "\(level) tokens in the bucket")
  }
}
