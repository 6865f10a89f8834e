import Support
import Testing

@testable import Resilience

/// The cache with single flight under readers and writers: no answer is another call's, and none is from before a write.
@Suite struct CacheSimulationTests {
  @Test func noAnswerCrossesACallOrAWrite() {
    simulate(1500) { simulation in CacheScenario(simulation).run() }
  }
}

/// What a simulated read found.
private final class Found: Sendable {
  let question: Question
  /// Writes of the scope the backend had applied and showed.
  let version: Int

  init(_ question: Question, version: Int) {
    self.question = question
    self.version = version
  }
}

/// All that tells two calls apart.
private struct Question: Equatable, Sendable {
  let scope: Int
  let operation: Int
  let vector: UInt64
  let filter: UInt64?
}

private final class CacheScenario: @unchecked Sendable {
  private struct Failed: Error {}

  /// A write as the backend and its caller saw it.
  private struct Write {
    /// Position among all of its scope in the order they were applied.
    let version: Int
    /// From when on the backend shows it.
    let visible: UInt64
    /// Whether its caller had an answer; else it was applied some time after that.
    let isCertain: Bool
    /// When its caller had the answer, or when it was applied without one.
    var ended: UInt64?
  }

  private let simulation: Simulation
  private let environment: SimulatedEnvironment
  private let cache: CachedCall<Found>?
  private let scopes: [CacheScope]
  private let settings: CacheSettings
  private let readsOwnWrites: Bool
  /// How long the backend goes on answering from before a write.
  private let lag: UInt64
  private var writes: [[Write]]
  private var failureRate = 0.0
  private var sources: [CacheAnswer<Found>.Source: Int] = [:]

  init(_ simulation: Simulation) {
    self.simulation = simulation
    environment = simulation.environment
    readsOwnWrites = simulation.chance.happens(0.5)
    lag = readsOwnWrites ? 0 : simulation.chance.one(of: [0, 1_000_000_000, 20_000_000_000])
    settings = CacheSettings(
      maxEntries: simulation.chance.one(of: [1, 3, 1000]),
      ttl: simulation.chance.one(of: [.milliseconds(200), .seconds(30)]),
      staleOnError: simulation.chance.happens(0.5), maxStale: .seconds(60))
    cache = CachedCall(settings, readsOwnWrites: readsOwnWrites, environment: simulation.environment) { _ in 100 }
    // Parts that run into each other unless their lengths tell them apart, and that differ in one place each.
    let parts: [(ByteString, ByteString, ByteString)] = [
      ("a", "b", "c"), ("ab", "", "c"), ("a", "bc", ""), ("a", "b", "d"), ("", "ab", "c"),
    ]
    scopes = parts.map { CacheScope(identity: $0.0, collection: $0.1, namespace: $0.2) }
    writes = scopes.map { _ in [] }
    failureRate = simulation.chance.one(of: [0, 0.3])
  }

  func run() {
    guard let cache else { return simulation.check(false, "no memory for a cache") }
    var bodies: [@Sendable () -> Void] = (0..<5).map { _ in { self.reader(cache) } }
    bodies += (0..<2).map { _ in { self.writer(cache) } }
    if simulation.chance.happens(0.2) {
      bodies.append {
        self.environment.sleep(2_000_000_000)
        cache.clear()
      }
    }
    simulation.together(bodies)
    let size = cache.statistics().size
    simulation.check(size <= settings.maxEntries, "\(size) entries")
  }

  private func reader(_ cache: CachedCall<Found>) {
    for _ in 0..<25 {
      environment.sleep(simulation.chance.exponential(mean: 300_000_000))
      let question = Question(
        scope: Int(simulation.chance.below(UInt64(scopes.count))), operation: Int(simulation.chance.below(2)),
        vector: simulation.chance.below(2), filter: simulation.chance.one(of: [nil, 0]))
      let now = environment.now()
      let deadline = simulation.chance.happens(0.3) ? now + simulation.chance.below(100_000_000) : nil
      ask(cache, question, CallContext(deadline: deadline))
    }
  }

  private func ask(_ cache: CachedCall<Found>, _ question: Question, _ context: CallContext) {
    var key = CacheKey(question.operation == 0 ? "search" : "count", scopes[question.scope])
    key.add(question.vector)
    if let filter = question.filter { key.add(filter) } else { key.addNothing() }
    let began = environment.timeWithoutEffect
    var loads = 0
    do throws(CallFailure<Failed>) {
      let answer = try cache.value(key, context, servesStale: { _ in true }) { context throws(Failed) in
        loads += 1
        return try load(question)
      }
      sources[answer.source, default: 0] += 1
      check(answer, question, began, loads)
    } catch {
      simulation.check(loads <= 1, "\(loads) loads for one call")
      if case .interrupted(.cancelled) = error { simulation.check(false, "cancelled by nobody") }
      if let deadline = context.deadline, case .interrupted = error {
        simulation.check(environment.timeWithoutEffect >= deadline, "interrupted before its deadline")
      }
    }
  }

  private func check(_ answer: CacheAnswer<Found>, _ question: Question, _ began: UInt64, _ loads: Int) {
    simulation.check(answer.value.question == question, "asked \(question), answered \(answer.value.question)")
    let mayLoad = answer.source == .loaded ? 1...1 : answer.source == .stale ? 0...1 : 0...0
    simulation.check(mayLoad.contains(loads), "\(answer.source) after \(loads) loads")
    switch answer.source {
    case .loaded, .joined: simulation.check(answer.age == 0, "\(answer.source) with an age")
    case .cached:
      simulation.check(answer.age <= settings.ttl.nanoseconds, "an answer of \(answer.age) ns was served as fresh")
    case .stale:
      simulation.check(settings.staleOnError, "a stale answer nobody asked for")
      simulation.check(answer.age <= settings.maxStale.nanoseconds, "a stale answer of \(answer.age) ns")
    }
    // Whatever the backend itself would still answer from before a write: what was kept must be newer than any write that
    // had ended, and been applied, when the call began.
    let isKept = answer.source == .cached || answer.source == .stale || readsOwnWrites
    let seen = writes[question.scope].filter { write in
      guard let ended = write.ended else { return false }
      // Who joins a call under way gets what that one read: perhaps just before a write nobody heard of any more was
      // applied, or before a backend that lags showed one.
      if answer.source == .joined, !write.isCertain || !readsOwnWrites { return false }
      return ended < began && (isKept ? write.visible - lag : write.visible) < began
    }
    let least = seen.map(\.version).max() ?? 0
    simulation.check(
      answer.value.version >= least,
      "\(answer.source) with version \(answer.value.version), written \(least) before the call")
  }

  /// The backend reads at some moment between the request and its answer.
  private func load(_ question: Question) throws(Failed) -> Found {
    environment.sleep(simulation.chance.exponential(mean: 20_000_000))
    let now = environment.timeWithoutEffect
    let version = writes[question.scope].filter { $0.visible <= now }.map(\.version).max() ?? 0
    environment.sleep(simulation.chance.exponential(mean: 20_000_000))
    if simulation.chance.happens(failureRate) { throw Failed() }
    return Found(question, version: version)
  }

  private func writer(_ cache: CachedCall<Found>) {
    for _ in 0..<8 {
      environment.sleep(simulation.chance.exponential(mean: 1_000_000_000))
      let index = Int(simulation.chance.below(UInt64(scopes.count)))
      cache.writeStarted(scopes[index])
      environment.sleep(simulation.chance.exponential(mean: 10_000_000))
      // A write without an answer may be applied long after its caller has given up.
      let isCertain = !simulation.chance.happens(0.3)
      if isCertain {
        let place = apply(index, isCertain: true)
        environment.sleep(simulation.chance.exponential(mean: 10_000_000))
        cache.writeEnded(scopes[index], certain: true)
        writes[index][place].ended = environment.timeWithoutEffect
      } else {
        let after = simulation.chance.below(5_000_000_000)
        _ = environment.start("late write") { [self] in
          environment.sleep(after)
          let place = apply(index, isCertain: false)
          writes[index][place].ended = environment.timeWithoutEffect
        }
        cache.writeEnded(scopes[index], certain: false)
      }
    }
  }

  private func apply(_ index: Int, isCertain: Bool) -> Int {
    let version = writes[index].count + 1
    writes[index].append(Write(version: version, visible: environment.timeWithoutEffect + lag, isCertain: isCertain))
    return version - 1
  }
}
