import Glibc
import Support
import Testing
import VectorModel

@testable import Resilience
@testable import VectorDB

/// Requests over a memory database: what the C interface hands out as `vdb_request`.
@Suite struct CallRequestTests {
  /// Every call hangs; one thread.
  private static let hanging =
    #"{"resilience": {"retry": false, "circuit_breaker": false, "pool": {"hard_limit": 1}}, "fault_injection": {"stall_rate": 1}}"#

  /// A request, and how often its receiver ran.
  private final class Watched: @unchecked Sendable {
    let request: CallRequest
    let runs = AtomicWord(0)
    init(_ request: CallRequest) { self.request = request }

    func submit() throws { try request.submit { self.runs.add(1) } }

    func await() { for _ in 0..<10_000 where runs.load() == 0 { usleep(1000) } }
  }

  private func count(_ database: TestDatabase, _ options: CallOptions = CallOptions()) throws -> Watched {
    let inputs = CallInputs()
    let call = try inputs.keep(options)
    let database = database.database
    return Watched(
      CallRequest(
        QueuedWork(database, .count, inputs, call) { () throws(VectorError) in
          let (number, isExact) = try database.count(
            matching: UnsafeRawBufferPointer(start: nil, count: 0), call: call)
          return .count(number, exact: isExact)
        }))
  }

  private func status(_ request: CallRequest) -> Status {
    do throws(VectorError) { try request.check() } catch { return error.status }
    return .ok
  }

  @Test func theAnswerIsThereWhenTheReceiverRuns() throws {
    let database = try TestDatabase()
    try database.upsert(["a", "b"])
    let watched = try count(database)
    #expect(status(watched.request) == .invalidArgument)
    try watched.submit()
    watched.await()
    #expect(watched.runs.load() == 1)
    #expect(try watched.request.look("a count", \.count).number == 2)
    #expect(!watched.request.cancel())
  }

  @Test func aCallThatWaitsEndsAtItsDeadlineWhateverHangsBeforeIt() throws {
    let database = try TestDatabase(Self.hanging)
    let first = try count(database, CallOptions(timeout: .none))
    try first.submit()
    let second = try count(database, CallOptions(timeout: .milliseconds(50)))
    let start = monotonicNanoseconds()
    try second.submit()
    second.await()
    #expect(status(second.request) == .timeout)
    #expect(monotonicNanoseconds() - start >= 50_000_000)
    #expect(first.runs.load() == 0)
    #expect(first.request.cancel())
    #expect(status(first.request) == .cancelled)
    #expect(!first.request.cancel())
  }

  @Test func aTokenEndsACallThatWaits() throws {
    let database = try TestDatabase(Self.hanging)
    let token = CancelToken()
    let first = try count(database, CallOptions(timeout: .none, cancel: token))
    let second = try count(database, CallOptions(timeout: .none, cancel: token))
    try first.submit()
    try second.submit()
    token.cancel()
    first.await()
    second.await()
    #expect(status(first.request) == .cancelled && status(second.request) == .cancelled)
    // One that is raised before counts as well.
    let third = try count(database, CallOptions(timeout: .none, cancel: token))
    try third.submit()
    third.await()
    #expect(status(third.request) == .cancelled)
    #expect(first.runs.load() == 1 && second.runs.load() == 1 && third.runs.load() == 1)
  }

  @Test func aRequestCancelledBeforeItIsQueuedNeverRuns() throws {
    let database = try TestDatabase()
    let watched = try count(database)
    #expect(watched.request.cancel())
    try watched.submit()
    usleep(20_000)
    #expect(watched.runs.load() == 0)
    #expect(status(watched.request) == .cancelled)
  }

  /// What a request holds goes with it: the database, the inputs, itself.
  @Test func nothingIsHeldLongerThanNeeded() throws {
    weak var request: CallRequest?
    weak var core: DatabaseCore?
    for cancels in [false, true] {
      try {
        let database = try TestDatabase(cancels ? Self.hanging : "{}")
        core = database.database.core
        let token = CancelToken()
        let watched = try count(database, CallOptions(timeout: .none, cancel: token))
        request = watched.request
        try watched.submit()
        if cancels { #expect(watched.request.cancel()) } else { watched.await() }
      }()
      for _ in 0..<1000 where request != nil || core != nil { usleep(1000) }
      #expect(request == nil)
      #expect(core == nil)
    }
  }

  @Test func waitingForAThreadCountsAsQueueing() throws {
    let database = try TestDatabase(
      #"{"resilience": {"pool": {"hard_limit": 1}}, "fault_injection": {"latency_ms": 30, "latency_jitter": 0}}"#)
    let (first, second) = (try count(database), try count(database))
    try first.submit()
    try second.submit()
    second.await()
    first.await()
    let waits = database.database.core.pipeline.metrics.summary().queueWait
    #expect(waits.longest >= 20_000_000, "\(waits)")
  }
}
