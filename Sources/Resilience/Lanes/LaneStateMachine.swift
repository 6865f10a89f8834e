import Support

/// Which call of a lane runs next, how many threads it needs, and which calls have no time to wait for one.
///
/// Without clock, lock or threads: times are nanoseconds of one clock and come in as arguments; `Worker` is whatever the
/// shell wakes a thread by. Calls run in the order they came. A call that waits while its deadline passes, or is hastened
/// because it was cancelled, does not wait for a worker, for all of those may be stuck: it goes to the timekeeper, a thread
/// beside the workers, which exists only while calls wait and no worker is free. Such a call ends as soon as it looks at its
/// deadline, so running it takes no time.
///
/// Promise: while a call waits, a worker is on its way to it, or all workers are busy. Each call comes out exactly once. All
/// steps are amortised O(1), but `overdue` when a deadline passes and `forget`, which are linear.
package struct LaneStateMachine<Call, Worker: Equatable> {
  /// What the shell has to do after a step.
  package enum Need: Equatable {
    case nothing
    case wake(Worker)
    /// One more worker, if `beginWorker` still agrees.
    case worker
    /// The timekeeper, if `beginTimekeeper` still agrees.
    case timekeeper
    case wakeTimekeeper
  }

  /// What a worker does next.
  package enum Duty {
    case run(Call)
    /// Wait until woken, at most for the idle timeout; then `resume`.
    case rest
    case leave
  }

  /// What the timekeeper does next.
  package enum Watch {
    case run(Call)
    /// Wait until then or until woken.
    case rest(until: UInt64)
    case leave
  }

  private struct Waiting {
    let call: Call
    let deadline: UInt64
    let bytes: Int
  }

  private enum Timekeeper: Equatable {
    case absent
    case awake
    case resting(until: UInt64)
  }

  private let settings: LaneSettings
  private var waiting: [UInt64: Waiting] = [:]
  /// Tickets in the order they came, among them some of calls that were taken out early.
  private var order = Fifo<UInt64>()
  /// Bytes of the calls that wait.
  private var waitingBytes = 0
  /// Calls that wait for no worker any more.
  private var hastened = Fifo<Call>()
  /// Newest last, and woken first, so that surplus workers grow old.
  private var idle: [Worker] = []
  private var timekeeper = Timekeeper.absent
  /// No deadline of a call that waits is earlier.
  private var earliest = UInt64.max
  package private(set) var workers = 0
  package private(set) var isClosed = false

  package init(_ settings: LaneSettings) { self.settings = settings }

  package var waitingCount: Int { waiting.count }
  package var idleCount: Int { idle.count }
  package var hasTimekeeper: Bool { timekeeper != .absent }

  // MARK: - Calls

  /// A call joins the queue. `ticket` is the caller's, never used before; `bytes` is what the call holds, at least 0.
  package mutating func admit(
    _ call: Call, _ ticket: UInt64, deadline: UInt64?, bytes: Int = 0
  ) throws(LaneRefusal) -> Need {
    if isClosed { throw .closed }
    if waiting.count >= settings.queueLimit { throw .full(limit: settings.queueLimit) }
    let (sum, overflow) = waitingBytes.addingReportingOverflow(bytes)
    if !waiting.isEmpty && (overflow || sum > settings.byteLimit) { throw .heavy(limit: settings.byteLimit) }
    waitingBytes = overflow ? .max : sum
    waiting[ticket] = Waiting(call: call, deadline: deadline ?? .max, bytes: bytes)
    order.append(ticket)
    earliest = min(earliest, deadline ?? .max)
    return need()
  }

  /// What the calls that wait need now. To be asked again when another thread did first what was needed.
  package mutating func need() -> Need {
    if waiting.isEmpty && hastened.isEmpty { return .nothing }
    if let worker = idle.popLast() { return .wake(worker) }
    if workers < settings.threads { return .worker }
    switch timekeeper {
    case .absent: return .timekeeper
    case .awake: return .nothing
    case .resting(let until):
      if earliest >= until && hastened.isEmpty { return .nothing }
      timekeeper = .awake
      return .wakeTimekeeper
    }
  }

  /// Takes a call out that waits; nil when it does not wait any more.
  package mutating func withdraw(_ ticket: UInt64) -> Call? {
    guard let gone = remove(ticket) else { return nil }
    if order.count > 2 * waiting.count + 64 {
      var kept = Fifo<UInt64>()
      while let ticket = order.popOldest() { if waiting[ticket] != nil { kept.append(ticket) } }
      order = kept
    }
    return gone
  }

  /// A call that waits shall end soon: it was cancelled. One that does not wait any more knows by itself.
  package mutating func hasten(_ ticket: UInt64) -> Need {
    guard let call = withdraw(ticket) else { return .nothing }
    hastened.append(call)
    return need()
  }

  // MARK: - Workers

  /// Whether one more worker is to be started: then it counts from now on.
  package mutating func beginWorker() -> Bool {
    guard workers < settings.threads, idle.isEmpty, !waiting.isEmpty || !hastened.isEmpty else { return false }
    workers += 1
    return true
  }

  /// The system refused the thread. True when no worker is left to run what waits.
  package mutating func workerRefused() -> Bool {
    workers -= 1
    return workers == 0
  }

  /// What a worker that has just started, or has ended a call, does next.
  package mutating func next(_ worker: Worker) -> Duty {
    if let call = hastened.popOldest() ?? oldest() { return .run(call) }
    if isClosed { return leave() }
    idle.append(worker)
    return .rest
  }

  /// As `next`, after a rest. `timedOut`: nobody woke it.
  package mutating func resume(_ worker: Worker, timedOut: Bool) -> Duty {
    let wasIdle = idle.lastIndex(of: worker).map { idle.remove(at: $0) } != nil
    if wasIdle, timedOut, waiting.isEmpty, hastened.isEmpty { return leave() }
    return next(worker)
  }

  private mutating func leave() -> Duty {
    workers -= 1
    return .leave
  }

  private mutating func oldest() -> Call? {
    while let ticket = order.popOldest() {
      if let next = remove(ticket) { return next }
    }
    return nil
  }

  private mutating func remove(_ ticket: UInt64) -> Call? {
    guard let gone = waiting.removeValue(forKey: ticket) else { return nil }
    waitingBytes = waiting.isEmpty ? 0 : waitingBytes - gone.bytes
    return gone.call
  }

  // MARK: - Timekeeper

  /// Whether the timekeeper is to be started.
  package mutating func beginTimekeeper() -> Bool {
    guard timekeeper == .absent, !waiting.isEmpty || !hastened.isEmpty else { return false }
    timekeeper = .awake
    return true
  }

  /// The system refused the thread: what waits ends when a worker comes to it.
  package mutating func timekeeperRefused() { timekeeper = .absent }

  /// What the timekeeper does next. `rested`: it has waited for as long as it was told.
  package mutating func watch(now: UInt64, rested: Bool) -> Watch {
    timekeeper = .awake
    if now >= earliest { overdue(now) }
    if let call = hastened.popOldest() { return .run(call) }
    if waiting.isEmpty, rested || isClosed {
      timekeeper = .absent
      return .leave
    }
    // Nobody wakes it when the last call that waited has found a worker.
    let pause = max(settings.idleTimeout.nanoseconds, 10_000_000)
    let until = min(now.addingClamped(pause), waiting.isEmpty ? .max : earliest)
    timekeeper = .resting(until: until)
    return .rest(until: until)
  }

  /// Hastens every call whose deadline has passed.
  private mutating func overdue(_ now: UInt64) {
    let late = waiting.filter { $0.value.deadline <= now }.keys.sorted()
    for ticket in late { if let call = withdraw(ticket) { hastened.append(call) } }
    earliest = waiting.values.reduce(.max) { min($0, $1.deadline) }
  }

  // MARK: - Ending

  /// No further calls; those that wait still run. Whom to wake, so that threads which rest leave.
  package mutating func close() -> (workers: [Worker], timekeeper: Bool) {
    isClosed = true
    defer { idle = [] }
    return (idle, hasTimekeeper)
  }

  /// Forgets every call and thread: in a forked child they belong to the parent. The calls, to be let go of outside of any
  /// lock.
  package mutating func forget() -> [Call] {
    var calls = waiting.values.map(\.call)
    while let call = hastened.popOldest() { calls.append(call) }
    let wasClosed = isClosed
    self = LaneStateMachine(settings)
    isClosed = wasClosed
    return calls
  }
}
