import Resilience
import Support
import VectorBackends
import VectorModel

/// What every call of one database passes on its way to the backend: it is counted and timed, bounded by its deadline,
/// perhaps answered from the cache, perhaps asked twice.
///
/// What follows, request by request, is the business of the backend and its `RequestExecutor`.
final class CallPipeline: Sendable {
  let metrics = CallMetrics(operations: Operation.allCases.map(\.label))
  let health: HealthMonitor
  /// nil without the option "cache".
  let cache: QueryCache?
  /// nil without the option "resilience.hedge".
  let hedger: Hedger?
  let endpoint: any EndpointView
  private let slowCalls: SlowCalls
  private let events: DatabaseEvents
  /// Milliseconds by operation, nil = no bound.
  private let timeouts: [UInt64?]

  init(
    _ options: DatabaseOptions, _ capabilities: Capabilities, endpoint: any EndpointView, events: DatabaseEvents
  ) throws(VectorError) {
    let environment = SystemEnvironment.shared
    let settings = options.resilience
    self.endpoint = endpoint
    self.events = events
    timeouts = Operation.allCases.map(options.callTimeout)
    slowCalls = SlowCalls(settings.slowCalls)
    health = HealthMonitor(settings.health)
    hedger = settings.hedge.map { Hedger($0, environment: environment, events: events) }
    guard let cacheSettings = settings.cache else {
      cache = nil
      return
    }
    cache = QueryCache(
      cacheSettings, readsOwnWrites: capabilities.readYourWrites == .strong, environment: environment, events: events,
      cost: \.footprint)
    guard cache != nil else { throw VectorError(.outOfMemory, "not enough memory for a cache of that size") }
  }

  /// Runs one call: bounds it, counts and times it however it ends.
  ///
  /// - Parameter outcome: how a call that did not fail counts.
  func run<Answer>(
    _ operation: Operation, _ call: CallOptions, outcome: (Answer) -> CallOutcome,
    _ body: (CallContext) throws(VectorError) -> Answer
  ) throws(VectorError) -> Answer {
    let now = monotonicNanoseconds()
    let start = call.submittedAt ?? now
    metrics.started()
    let tally = CallTally()
    tally.add(.queueWait, now &- start)
    let context = call.context(standard: timeouts[operation.rawValue], from: start, tally: tally)
    do throws(VectorError) {
      if let interruption = context.interruption() { throw VectorError(interruption) }
      let answer = try body(context)
      ended(operation, outcome(answer), tally, since: start)
      return answer
    } catch {
      ended(operation, CallOutcome(error.status), tally, since: start)
      throw error
    }
  }

  private func ended(_ operation: Operation, _ outcome: CallOutcome, _ tally: CallTally, since start: UInt64) {
    let now = monotonicNanoseconds()
    let elapsed = now &- start
    metrics.ended(operation.rawValue, outcome, nanoseconds: elapsed)
    metrics.add(tally)
    health.record(outcome, at: now)
    slowCalls.observe(operation.label, elapsed: elapsed, metrics, events)
  }

  /// Answers a read from the cache or does it; without a key it is done.
  func cached(
    _ key: () -> CacheKey?, _ context: CallContext, _ load: (CallContext) throws(VectorError) -> ResultColumns
  ) throws(VectorError) -> ResultColumns {
    guard let cache, let key = key() else {
      let results = try load(context)
      results.info.attempts = Int(clamping: context.tally?[.attempts] ?? 1)
      return results
    }
    let answer: QueryCache.Answer
    do throws(CallFailure<VectorError>) {
      answer = try cache.value(key, context, servesStale: \.isCoveredByStaleAnswer, load: load)
    } catch { throw VectorError(error) }
    var info = answer.value.info
    info.attempts = Int(clamping: context.tally?[.attempts] ?? 1)
    info.cached = answer.source != .loaded
    info.stale = answer.source == .stale
    info.ageMilliseconds = Int(clamping: answer.age / 1_000_000)
    return ResultColumns(sharing: answer.value, info: info)
  }

  /// Does a read, a second time when the first is late. `body` may outlive the call, so it owns what it uses.
  func hedged<Answer: Sendable>(
    _ operation: Operation, _ context: CallContext,
    _ body: @escaping @Sendable (CallContext) throws(VectorError) -> Answer
  ) throws(VectorError) -> Answer {
    guard let hedger else { return try body(context) }
    do throws(CallFailure<VectorError>) {
      return try hedger.run(operation.label, context, mayHedge: endpoint.budget.takeForHedge, body)
    } catch { throw VectorError(error) }
  }

  /// Does a write and makes what the cache knows of `scope` outdated, before it is sent and after its answer.
  func writing(
    to scope: CacheScope, _ body: () throws(VectorError) -> WriteOutcome
  ) throws(VectorError) -> WriteOutcome {
    guard let cache else { return try body() }
    cache.writeStarted(scope)
    do throws(VectorError) {
      let outcome = try body()
      // An item that failed may be applied later all the same.
      cache.writeEnded(scope, certain: outcome.failures.isEmpty)
      return outcome
    } catch {
      cache.writeEnded(scope, certain: error.details?.applied != .unknown)
      throw error
    }
  }

  /// Does something that may change any answer.
  func changingEverything(_ body: () throws(VectorError) -> Void) throws(VectorError) {
    defer { cache?.clear() }
    try body()
  }

  /// Does a flush, after which answers from `scope` may be kept again.
  func flushing(_ scope: CacheScope, _ body: () throws(VectorError) -> Void) throws(VectorError) {
    let mark = cache?.flushStarted(scope)
    try body()
    if let mark { cache?.flushEnded(scope, mark) }
  }

  /// Holds the circuits by hand, or lets them follow their rules again, and tells of what changes.
  func forceBreakers(_ state: ForcedState?) {
    endpoint.breakers.force(state) { change in
      events.emit(.breakerChanged(change.requestClass, from: change.from, to: change.to))
    }
  }
}
