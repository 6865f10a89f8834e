import Glibc
import Resilience
import Support

// What the parts of this layer cost that every call passes: nanoseconds of wall time a call, the best of five runs.
//
//   swift run -c release resilience-bench

/// What the cache of this program keeps.
final class Answer: Sendable {}

/// No call of this program fails.
enum Nothing: Error {}

/// Runs `body(thread, calls)` so that all threads together make `calls` of them, and prints what one took.
@MainActor func measure(_ name: String, _ calls: Int, threads: Int, _ body: @Sendable (Int, Int) -> Void) {
  var best = Double.infinity
  for _ in 0..<5 {
    let start = monotonicNanoseconds()
    WorkerPool(helpers: threads - 1).run(tasks: threads, threads: threads) { body($0, calls / threads) }
    best = min(best, Double(monotonicNanoseconds() - start) / Double(calls))
  }
  print("\(name), \(threads) thread\(threads == 1 ? "" : "s"): \(best.rounded()) ns")
}

let histogram = LatencyHistogram()
let metrics = CallMetrics(operations: ["get", "search"])
let health = HealthMonitor(HealthSettings())
let scope = CacheScope(identity: "backend", collection: "docs", namespace: "")
let query = [Float](repeating: 0.5, count: 384)
let hour = CacheSettings(ttl: .seconds(3600))
guard
  let cache = CachedCall<Answer>(
    hour, readsOwnWrites: true, environment: SystemEnvironment.shared, cost: { _ in 4000 })
else { exit(1) }

/// The key of a search with a 384-d query.
@Sendable func key(_ k: Int) -> CacheKey {
  var key = CacheKey("search", scope, expecting: 1700)
  query.withUnsafeBytes { key.add($0) }
  key.add(UInt64(k))
  for _ in 0..<4 { key.addNothing() }
  return key
}

@Sendable func ask(_ key: CacheKey) {
  _ = try? cache.value(key, .unbounded, servesStale: { (_: Nothing) in false }) { (_) throws(Nothing) in Answer() }
}

let executor = RequestExecutor(
  Endpoint(
    identity: ByteString([]), connections: NoConnections(), environment: SystemEnvironment.shared))

for k in 0..<1000 { ask(key(k)) }
for threads in [1, 2, 64] {
  measure("empty request: retry, budget, breaker", 1_000_000, threads: threads) { _, calls in
    for _ in 0..<calls {
      try? executor.run(RequestKind("search", .read), .unbounded) { (_, _) throws(AttemptFailure) in }
    }
  }
  measure("duration recorded", 2_000_000, threads: threads) { _, calls in
    for call in 0..<calls { histogram.record(UInt64(call & 0xffff)) }
  }
  measure("call counted and timed", 2_000_000, threads: threads) { _, calls in
    for call in 0..<calls {
      metrics.started()
      metrics.ended(1, .success, nanoseconds: UInt64(call & 0xffff))
    }
  }
  measure("outcome seen by health", 2_000_000, threads: threads) { _, calls in
    for call in 0..<calls { health.record(.success, at: UInt64(call) &* 1000) }
  }
  measure("cache hit, key of 384 floats built", 500_000, threads: threads) { _, calls in
    for call in 0..<calls { ask(key(call % 1000)) }
  }
  measure("cache miss, an entry evicted", 100_000, threads: threads) { thread, calls in
    for call in 0..<calls { ask(key(1_000_000 * (thread + 1) + call)) }
  }
}
