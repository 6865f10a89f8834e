import Support
import Testing

@testable import Resilience

/// The circuit opens and closes exactly when a naive reading of its rule says so.
@Suite struct BreakerSimulationTests {
  @Test func itFollowsItsRule() {
    // Without interruptions an attempt's end and its entry into the breaker are one step, so both see one order.
    simulate(300, rules: SimulatedEnvironment.Rules(preemption: 0, drift: 0)) { simulation in
      BreakerScenario(simulation).run()
    }
  }

  /// What is nobody's fault, or the caller's, in any amount.
  @Test(arguments: ["refused", "throttled", "conflicted", "short deadlines", "pool waits", "cancelled"])
  func itNeverOpensOnWhatIsNotTheBackendsTrouble(trouble: String) {
    simulate(20) { simulation in
      var settings = SimulatedService.Settings()
      settings.breaker.minimumCalls = 5
      settings.breaker.consecutiveFailures = 5
      settings.breaker.consecutiveDuration = .zero
      settings.retry.throttleBaseDelay = .milliseconds(100)
      if trouble == "pool waits" {
        settings.pool.hardLimit = 1
        settings.pool.waitTimeout = .milliseconds(10)
      }
      let service = SimulatedService(simulation, settings)
      switch trouble {
      case "refused": service.backend.weather.refused = 1
      case "throttled": service.backend.weather.throttled = 1
      case "conflicted": service.backend.weather.conflicted = 1
      case "short deadlines": service.backend.weather.stalled = 1
      case "pool waits": service.backend.weather.latency = 300_000_000
      default: service.backend.weather.latency = 10_000_000_000
      }
      let failed = AtomicWord(0)
      simulation.together(
        (0..<4).map { _ -> @Sendable () -> Void in
          {
            for _ in 0..<30 {
              simulation.environment.sleep(simulation.chance.below(100_000_000))
              let cancel = CancelToken()
              if trouble == "cancelled" {
                _ = simulation.environment.start("canceller") {
                  simulation.environment.sleep(20_000_000)
                  cancel.cancel()
                }
              }
              let now = simulation.environment.now()
              let limit = trouble == "short deadlines" ? now + 50_000_000 : now + 8_000_000_000
              let ended = service.call(RequestKind("search", .read), CallContext(deadline: limit, cancel: cancel))
              if ended.failure != nil { failed.add(1) }
            }
          }
        })
      simulation.check(failed.load() > 20, "only \(failed.load()) calls failed: the trouble did not come")
      simulation.check(service.events.changes.isEmpty, "\(trouble) opened the circuit")
      service.finish()
    }
  }
}

/// Callers under changing weather, and beside the real breakers four naive ones that are told the same.
private final class BreakerScenario: Admission, @unchecked Sendable {
  /// What the naive breakers know of a call.
  private final class Call {
    let requestClass: RequestClass
    let deadline: UInt64
    /// Changes of the class's own breaker and of reachability when it was permitted; nil when nothing is permitted.
    var permit: (own: Int, reach: Int)?
    var began: UInt64 = 0
    var isReopening = false

    init(_ requestClass: RequestClass, deadline: UInt64) {
      self.requestClass = requestClass
      self.deadline = deadline
    }
  }

  private let simulation: Simulation
  private let environment: SimulatedEnvironment
  private let settings: SimulatedService.Settings
  private var service: SimulatedService?
  private var own: [NaiveBreaker] = []
  private var reach: NaiveBreaker
  private var calls: [ObjectIdentifier: Call] = [:]
  private var isOver = false

  init(_ simulation: Simulation) {
    self.simulation = simulation
    environment = simulation.environment
    var settings = SimulatedService.Settings()
    settings.pool.waitTimeout = .seconds(1)
    settings.pool.connectTimeout = .seconds(2)
    settings.pool.hardLimit = simulation.chance.one(of: [2, 10])
    settings.breaker.window = simulation.chance.one(of: [.time, .time, .count])
    settings.breaker.windowCalls = simulation.chance.one(of: [10, 50])
    settings.breaker.minimumCalls = simulation.chance.one(of: [10, 40])
    settings.breaker.consecutiveFailures = simulation.chance.one(of: [4, 10])
    settings.breaker.consecutiveDuration = simulation.chance.one(of: [.seconds(1), .seconds(5)])
    settings.breaker.halfOpenCalls = simulation.chance.one(of: [1, 3])
    // With short ones, attempts come back that were permitted two states ago.
    settings.breaker.openDuration = simulation.chance.one(of: [.milliseconds(500), .seconds(30)])
    settings.timeouts.read = simulation.chance.one(of: [.seconds(1), .seconds(4)])
    settings.timeouts.write = .seconds(2)
    self.settings = settings
    reach = NaiveBreaker(settings.breaker, now: environment.timeWithoutEffect)
    own = RequestClass.allCases.map { [reach] _ in reach }
  }

  func run() {
    var settings = settings
    settings.limiter = self
    let service = SimulatedService(simulation, settings)
    self.service = service
    service.factory.openingFailed = { [unowned self] context, began, ranOut in
      openingFailed(context, began, ranOut)
    }
    _ = environment.start("weather") { self.changeWeather() }
    simulation.together((0..<4).map { _ in { self.caller() } })
    isOver = true
    service.finish()
    self.service = nil
  }

  // MARK: - What the naive breakers are told

  /// The first thing behind the breaker: an attempt was permitted.
  func enter(_ context: CallContext) throws(AdmissionFailure) {
    guard let call = known(context) else { return }
    let index = call.requestClass.rawValue
    let now = environment.now()
    simulation.check(
      own[index].permits(now) != false && reach.permits(now) != false,
      "an attempt of \(call.requestClass.name) was permitted against the rule")
    own[index].attemptPermitted()
    reach.attemptPermitted()
    call.permit = (own[index].changes, reach.changes)
    call.isReopening = false
    compare()
  }

  func leave() {}

  private func ended(_ call: Call, own failed: Bool?, reached: Bool?) {
    guard let permit = call.permit else { return }
    let now = environment.now()
    own[call.requestClass.rawValue].attemptEnded(failed: failed, permit.own, now)
    reach.attemptEnded(failed: reached.map { !$0 }, permit.reach, now)
    call.permit = nil
  }

  private func openingFailed(_ context: CallContext, _ began: UInt64, _ ranOut: Bool) {
    guard let call = known(context) else { return }
    let isOwnFault = ranOut && call.deadline < began + settings.pool.connectTimeout.nanoseconds
    ended(call, own: isOwnFault ? nil : true, reached: isOwnFault ? nil : false)
  }

  private func attemptEnded(_ call: Call, _ failure: AttemptFailure.Kind?) {
    switch failure {
    case nil, .conflicted, .refused: ended(call, own: false, reached: true)
    case .unavailable, .broken: ended(call, own: true, reached: true)
    case .timedOut:
      let timeout = call.requestClass == .read ? settings.timeouts.read : settings.timeouts.write
      ended(call, own: call.deadline <= call.began + timeout.nanoseconds ? nil : true, reached: nil)
    case .staleConnection:
      if call.isReopening { return ended(call, own: true, reached: nil) }
      call.isReopening = true
    case .unreachable: ended(call, own: true, reached: false)
    case .throttled, .cancelled, .deadlineExceeded: ended(call, own: nil, reached: nil)
    }
  }

  private func compare() {
    guard let service else { return }
    for requestClass in RequestClass.allCases {
      let isClosed = service.endpoint.breakers.state(requestClass) == .closed
      let shouldBe = own[requestClass.rawValue].isClosed && reach.isClosed
      simulation.check(
        isClosed == shouldBe, "the circuit of \(requestClass.name) is \(isClosed ? "closed" : "not closed")")
    }
  }

  private func known(_ context: CallContext) -> Call? { context.tally.flatMap { calls[ObjectIdentifier($0)] } }

  // MARK: - What happens

  private func caller() {
    for _ in 0..<120 {
      guard let service else { return }
      environment.sleep(simulation.chance.exponential(mean: 600_000_000))
      let kind = RequestKind("simulated", simulation.chance.one(of: [.read, .read, .write]))
      let tally = CallTally()
      let call = Call(kind.requestClass, deadline: environment.now() + simulation.chance.below(6_000_000_000))
      calls[ObjectIdentifier(tally)] = call
      let ended = service.call(kind, CallContext(deadline: call.deadline, tally: tally)) { step in
        switch step {
        case .began: call.began = environment.now()
        case .ended(let failure): attemptEnded(call, failure)
        }
      }
      // Permitted, but it got no connection.
      self.ended(call, own: nil, reached: nil)
      calls[ObjectIdentifier(tally)] = nil
      if ended.failure?.reason == .circuitOpen {
        let now = environment.now()
        let index = kind.requestClass.rawValue
        simulation.check(
          own[index].permits(now) != true || reach.permits(now) != true, "refused against the rule")
      }
      compare()
    }
  }

  private func changeWeather() {
    while !isOver, let service {
      service.factory.weather = SimulatedFactory.Weather()
      service.backend.weather = SimulatedBackend.Weather(latency: 20_000_000)
      switch simulation.chance.below(8) {
      case 0: service.factory.weather.isDead = true
      case 1: service.factory.weather.openStallRate = 1
      case 2: service.backend.weather.unavailable = 0.45
      case 3: service.backend.weather.unavailable = 1
      case 4: service.backend.weather.stalled = 0.7
      case 5:
        service.backend.weather.broken = 0.3
        service.backend.weather.throttled = 0.3
      default: break
      }
      if simulation.chance.happens(0.5) { service.factory.breakAll() }
      environment.sleep(simulation.chance.exponential(mean: 15_000_000_000))
    }
  }
}
