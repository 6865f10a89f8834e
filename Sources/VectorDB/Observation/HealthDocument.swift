import Resilience
import Support
import VectorModel

extension DatabaseCore {
  /// A collection that was dropped is down, however well its backend works.
  var status: HealthStatus { isDropped ? .down : assessment.status }

  /// How the backend is, by recent traffic and the breakers.
  private var assessment: HealthAssessment {
    pipeline.health.assess(circuits, at: monotonicNanoseconds())
  }

  private var circuits: CircuitStates {
    let breakers = pipeline.endpoint.breakers
    return CircuitStates(
      read: breakers.state(.read), write: breakers.state(.write), control: breakers.state(.control))
  }

  /// Asks the backend, at most once a second whoever asks. Errors: the caller's own deadline or cancellation.
  func probe(_ call: CallOptions) throws(VectorError) -> CallOutcome {
    let context = call.context(standard: nil, from: monotonicNanoseconds())
    let (backend, health) = (backend, pipeline.health)
    do throws(CallFailure<Never>) {
      return try prober.probe(context) { context in ask(backend, health, context) }
    } catch {
      switch error {
      case .interrupted(let interruption): throw VectorError(interruption)
      }
    }
  }

  func controlBreaker(_ action: BreakerAction) {
    let state: ForcedState? =
      switch action {
      case .automatic: nil
      case .forceOpen: .open
      case .forceClose: .closed
      }
    pipeline.forceBreakers(state)
  }

  /// Members of the document `health`.
  func writeHealth(probed: CallOutcome?, to json: inout JSONWriter) {
    let assessment = assessment
    let (status, reason) = told(assessment, probed)
    json.field("status", status.name)
    json.field("reason", reason)
    json.field("backend", options.backend.rawValue)
    if let probed { json.field("probe", probed.name) }
    json.field("recent_calls", assessment.calls)
    json.field("recent_failures", assessment.failures)
    json.age("last_success_age_ms", assessment.lastSuccessAge)
    json.age("last_failure_age_ms", assessment.lastFailureAge)
    json.object("circuit_breaker") { json in pipeline.endpoint.breakers.write(to: &json) }
    json.object("retry_budget") { json in pipeline.endpoint.budget.write(to: &json) }
    if let pool = pipeline.endpoint.poolStats { json.object("pool") { json in pool.write(to: &json) } }
    json.object("cache") { json in writeCache(to: &json) }
    json.object("latency") { json in pipeline.metrics.summary().total.latency.write(to: &json) }
  }

  /// The status with what a probe has just shown: traffic that went well before says less than it.
  private func told(_ assessment: HealthAssessment, _ probed: CallOutcome?) -> (HealthStatus, StaticString) {
    if isDropped { return (.down, "dropped") }
    guard let probed, probed.isBackendTrouble else { return (assessment.status, assessment.reason.name) }
    switch assessment.status {
    case .ok: return (.degraded, "probe_failed")
    case .unknown: return (.down, "probe_failed")
    case .degraded, .down: return (assessment.status, assessment.reason.name)
    }
  }

  /// Members of the document `cache_stats`.
  func writeCache(to json: inout JSONWriter) {
    guard let cache = pipeline.cache else {
      json.field("enabled", false)
      return
    }
    let statistics = cache.statistics()
    json.field("enabled", true)
    json.field("size", statistics.size)
    json.field("max_size", statistics.maxSize)
    json.field("bytes", statistics.bytes)
    json.field("max_bytes", statistics.maxBytes)
    json.field("hits", statistics.hits)
    json.field("misses", statistics.misses)
    json.field("hit_rate", statistics.hitRate)
    json.field("joined", statistics.joined)
    json.field("stale", statistics.stale)
    json.field("evictions", statistics.evictions)
    json.field("expirations", statistics.expirations)
    json.field("invalidations", statistics.invalidations)
  }
}

extension CircuitBreakers {
  /// The worst state and count, then each class.
  fileprivate func write(to json: inout JSONWriter) {
    let classes = RequestClass.allCases.map { (name: $0.name, status: status($0)) }
    json.field("state", worstState.name)
    json.field("failure_count", classes.map(\.status.failures).max() ?? 0)
    for (name, status) in classes {
      json.object("\(name)") { json in
        json.field("state", status.state.name)
        json.field("forced", status.isForced)
        json.field("calls", status.calls)
        json.field("failures", status.failures)
        json.field("slow_calls", status.slowCalls)
        json.field("consecutive_failures", status.consecutiveFailures)
        json.age("retry_after_ms", status.retryAfter)
      }
    }
  }
}

extension RetryBudget {
  func write(to json: inout JSONWriter) {
    json.field("tokens", level)
    json.field("capacity", settings.capacity)
  }
}

extension PoolStats {
  func write(to json: inout JSONWriter) {
    json.field("hard_limit", hardLimit)
    json.field("soft_limit", softLimit)
    json.field("idle", idle)
    json.field("leased", leased)
    json.field("opening", opening)
    json.field("waiting", waiting)
    json.field("leases", leases)
    json.field("opened", opened)
    json.field("ended", ended)
    json.field("open_failures", openFailures)
    json.field("check_failures", checkFailures)
    json.field("waits", waits)
    json.milliseconds("wait_ms", waitNanoseconds)
    json.field("timeouts", timeouts)
  }
}

extension LatencySummary {
  func write(to json: inout JSONWriter) {
    json.field("avg_ms", mean / 1e6)
    json.milliseconds("p50_ms", quantile(0.5))
    json.milliseconds("p95_ms", quantile(0.95))
    json.milliseconds("p99_ms", quantile(0.99))
    json.milliseconds("max_ms", longest)
  }
}

extension JSONWriter {
  /// Nanoseconds as milliseconds, null for nil.
  fileprivate mutating func age(_ name: String, _ nanoseconds: UInt64?) {
    if let nanoseconds { milliseconds(name, nanoseconds) } else { null(name) }
  }
}
