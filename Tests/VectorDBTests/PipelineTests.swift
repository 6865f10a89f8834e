import CSupport
import Support
import Testing
import VectorModel

@testable import VectorDB

private func status(_ body: () throws -> Void) -> Status? {
  do {
    try body()
    return nil
  } catch { return (error as? VectorError)?.status }
}

/// The whole way of a call, rehearsed with injected faults on the memory backend.
@Suite struct PipelineTests {
  private static let fast = #""retry": {"base_delay": 0, "throttle_base_delay": 0}"#

  @Test func attemptsAreRepeatedAndCounted() throws {
    let database = try TestDatabase(
      #"{"fault_injection": {"seed": 1, "error_rate": 0.3}, "resilience": {\#(Self.fast)}}"#)
    try database.upsert(["a"])
    var attempts = 0
    for _ in 0..<200 { attempts += try database.search().info.attempts }
    #expect((230...380).contains(attempts), "200 calls took \(attempts) attempts")
    #expect(database.metrics.contains(#""successful_requests":201,"failed_requests":0"#), "\(database.metrics)")
    #expect(database.metrics.contains(#""unavailable":"#))
  }

  @Test func theSameSeedMeetsTheSameFaults() throws {
    func run(_ seed: Int) throws -> [Int] {
      let database = try TestDatabase(
        #"{"fault_injection": {"seed": \#(seed), "error_rate": 0.5}, "resilience": {\#(Self.fast)}}"#)
      return try (0..<40).map { _ in (try? database.search().info.attempts) ?? 0 }
    }
    let first = try run(7)
    #expect(try first == run(7))
    #expect(try first != run(8))
  }

  @Test func anErrorTellsItsAttemptsAndWhetherAnythingWasWritten() throws {
    let database = try TestDatabase(#"{"fault_injection": {"error_rate": 1}, "resilience": {\#(Self.fast)}}"#)
    let read = #expect(throws: VectorError.self) { try database.search() }
    #expect(read?.status == .unavailable && read?.details?.attempts == 6)
    let write = #expect(throws: VectorError.self) { try database.upsert(["a"]) }
    #expect(write?.status == .unavailable && write?.details?.attempts == 3 && write?.details?.applied == .no)
  }

  @Test func aLostReplyLeavesAWriteUnknown() throws {
    let database = try TestDatabase(#"{"fault_injection": {"lost_reply_rate": 1}, "resilience": {\#(Self.fast)}}"#)
    let write = #expect(throws: VectorError.self) { try database.upsert(["a"]) }
    #expect(write?.details?.applied == .unknown)
  }

  @Test func someItemsOfABatchFail() throws {
    let database = try TestDatabase(
      #"{"fault_injection": {"partial_rate": 1}, "resilience": {"retry": false}}"#)
    let ids = (0..<100).map { "id\($0)" }
    let outcome = try database.upsert(ids)
    #expect((20...80).contains(outcome.failures.count))
    #expect(outcome.applied + outcome.failures.count == 100)
    let indexes = outcome.failures.items.elements.map(\.index)
    #expect(indexes == indexes.sorted() && Set(indexes).count == indexes.count)
    #expect(outcome.partialFailure?.status == .partial)
    #expect(database.metrics.contains(#""partial":1"#))
  }

  @Test func throttlesAreRepeatedAndLeaveTheCircuitClosed() throws {
    let database = try TestDatabase(
      #"{"fault_injection": {"throttle_rate": 1}, "resilience": {\#(Self.fast), "circuit_breaker": {"minimum_calls": 1, "consecutive_failures": 1, "consecutive_duration": 0}}}"#
    )
    let error = #expect(throws: VectorError.self) { try database.search() }
    #expect(error?.status == .throttled && error?.details?.attempts == 6)
    #expect(database.database.breakerState == .closed)
  }

  @Test func callersMistakesLeaveTheCircuitClosed() throws {
    let database = try TestDatabase(
      #"{"resilience": {"circuit_breaker": {"minimum_calls": 1, "consecutive_failures": 1, "consecutive_duration": 0}}}"#
    )
    for _ in 0..<50 {
      #expect(status { _ = try database.search(k: 0) } == .invalidK)
      #expect(status { _ = try database.search(near: "nobody") } == .notFound)
    }
    #expect(database.database.breakerState == .closed)
    #expect(database.database.isHealthy)
  }

  @Test func aDeadBackendOpensTheCircuitAndHealthSaysSo() throws {
    let database = try TestDatabase(
      #"{"fault_injection": {"unreachable_rate": 1}, "resilience": {"retry": false, "circuit_breaker": {"consecutive_failures": 3, "consecutive_duration": 0, "open_duration": 60}}}"#
    )
    for _ in 0..<3 { #expect(status { _ = try database.search() } == .unavailable) }
    let refused = #expect(throws: VectorError.self) { try database.search() }
    #expect(refused?.status == .circuitOpen)
    #expect((40_000...70_000).contains(refused?.details?.retryAfterMilliseconds ?? 0))
    #expect(database.database.breakerState == .open)
    #expect(!database.database.isHealthy)
    #expect(try database.health().hasPrefix(#"{"status":"down","reason":"circuit_open""#))
  }

  @Test func theCircuitIsHeldByHand() throws {
    let database = try TestDatabase()
    database.database.controlBreaker(.forceOpen)
    #expect(status { try database.upsert(["a"]) } == .circuitOpen)
    #expect(status { _ = try database.search() } == .circuitOpen)
    database.database.controlBreaker(.automatic)
    #expect(status { try database.upsert(["a"]) } == nil)
    #expect(database.database.breakerState == .closed)
  }

  @Test func aStallEndsWithTheDeadline() throws {
    let database = try TestDatabase(#"{"fault_injection": {"stall_rate": 1}}"#)
    let start = monotonicNanoseconds()
    let error = #expect(throws: VectorError.self) {
      try database.search(call: CallOptions(timeout: .milliseconds(50)))
    }
    #expect(error?.status == .timeout && error?.message == #"injected fault "stall", as fault_injection asks"#)
    let elapsed = Double(monotonicNanoseconds() - start) / 1e6
    #expect((50..<500).contains(elapsed), "\(elapsed) ms")
  }

  @Test func aLateReadIsSentAgain() throws {
    let database = try TestDatabase(
      #"{"fault_injection": {"seed": 3, "spike_rate": 0.2, "spike_ms": 300}, "resilience": {"hedge": {"delay": 0.005}}}"#
    )
    let start = monotonicNanoseconds()
    for _ in 0..<30 { _ = try database.search() }
    // Six of thirty meet a spike of 300 ms; a second request nearly always meets none.
    #expect(Double(monotonicNanoseconds() - start) / 1e6 < 1500)
  }

  @Test func aProbeAsksTheBackend() throws {
    let database = try TestDatabase(#"{"fault_injection": {"error_rate": 1}, "resilience": {"retry": false}}"#)
    #expect(try database.health().contains(#""status":"ok""#))
    #expect(try database.health(probe: true).contains(#""probe":"unavailable""#))
    #expect(try database.health(probe: true).contains(#""reason":"probe_failed""#))
    #expect(try TestDatabase().health(probe: true).contains(#""probe":"success""#))
  }

  @Test func waitingForATurnIsTold() throws {
    let database = try TestDatabase(#"{"resilience": {"rate_limit": {"per_second": 20}}}"#, name: "limited")
    for _ in 0..<3 { _ = try database.search() }
    let text = try #require(Database.prometheusText())
    let lines = withExtendedLifetime(text) { String(decoding: text.elements, as: UTF8.self) }
    let sum = lines.split(separator: "\n").first {
      $0.hasPrefix(#"db_client_connection_wait_time_seconds_sum{database="limited""#)
    }
    let seconds = try #require(sum.flatMap { Double($0.split(separator: " ").last ?? "") })
    #expect((0.08..<2).contains(seconds), "three calls at 20 a second wait 0.1 s in all, told are \(seconds) s")
    #expect(!database.metrics.contains(#""queue_wait":{"avg_ms":0,"#))
    #expect(try TestDatabase().metrics.contains(#""queue_wait":{"avg_ms":0,"#))
  }

  @Test func aPeriodicProbeNoticesTroubleThatNobodyAsksFor() throws {
    let database = try TestDatabase(
      #"{"fault_injection": {"error_rate": 1}, "resilience": {"retry": false, "health": {"probe_interval": 1}}}"#)
    #expect(try database.health().contains(#""recent_failures":0"#))
    let deadline = monotonicNanoseconds() + 10_000_000_000
    while try database.health().contains(#""recent_failures":0"#), monotonicNanoseconds() < deadline {
      wait(milliseconds: 20)
    }
    #expect(try database.health().contains(#""recent_failures":1"#))
    #expect(database.metrics.contains(#""total_requests":0"#), "a probe is no call")
  }

  @Test func whatWasDroppedIsDown() throws {
    let database = try TestDatabase()
    #expect(database.database.isHealthy)
    try database.database.drop(call: CallOptions())
    #expect(!database.database.isHealthy)
    #expect(try database.health().hasPrefix(#"{"status":"down","reason":"dropped""#))
  }

  @Test func countsBeginAnew() throws {
    let database = try TestDatabase(#"{"cache": true}"#)
    try database.upsert(["a"])
    _ = try database.search()
    database.database.resetMetrics()
    #expect(database.metrics.contains(#""total_requests":0"#))
    #expect(database.cacheStatistics.contains(#""misses":0"#))
  }

  @Test func prometheusTellsOfOpenDatabasesOnly() throws {
    func text() throws -> String {
      let buffer = try #require(Database.prometheusText())
      return withExtendedLifetime(buffer) { String(decoding: buffer.elements, as: UTF8.self) }
    }
    let line = #"db_client_operation_duration_seconds_count{database="told",backend="memory",operation="upsert""#
    do {
      let database = try TestDatabase(name: "told")
      try database.upsert(["a"])
      #expect(try text().contains(line))
      withExtendedLifetime(database) {}
    }
    #expect(try !text().contains(#"database="told""#))
  }

  @Test func describeTellsThePipelineThatRuns() throws {
    let plain = try TestDatabase().json { $0.writeDescription(to: &$1) }
    #expect(plain.contains(#""pipeline":["metrics","deadline","retry","circuit_breaker","memory"]"#), "\(plain)")
    let full = try TestDatabase(
      #"{"cache": true, "fault_injection": {"seed": 9}, "resilience": {"hedge": true, "rate_limit": {"per_second": 10}}}"#
    ).json { $0.writeDescription(to: &$1) }
    let layers =
      #"["metrics","deadline","cache","hedge","retry","circuit_breaker","rate_limit","fault_injection","memory"]"#
    #expect(full.contains(layers), "\(full)")
    #expect(full.contains(#""per_second":10,"#) && full.contains(#""seed":9"#))
  }
}
