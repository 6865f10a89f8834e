import Support

/// Threads and a queue for the asynchronous calls of one connection identity.
///
/// `LaneStateMachine` decides; this class has the threads. They are started when calls need them and end when they had
/// nothing to do for a while. A backend that hangs fills its own lane and no other. After fork the child's lane is empty: the
/// parent's calls never run there.
package final class Lane: @unchecked Sendable {
  private typealias Machine = LaneStateMachine<LaneCall, LaneWorker>

  private let environment: any Environment
  private let idleTimeout: UInt64
  private let timekeeper: any Parking
  /// Held while a thread is started, so that whoever is refused one knows whether there is another.
  private let births = Lock(.outer)
  private let lock = Lock(.leaf)
  // Under the lock, all of them.
  private var machine: Machine
  private var epoch = processEpoch

  package init(_ settings: LaneSettings, _ environment: any Environment) {
    self.environment = environment
    idleTimeout = settings.idleTimeout.nanoseconds
    timekeeper = environment.makeParking()
    machine = Machine(settings)
  }

  /// Runs `body` soon, on a thread of the lane, as the one run of `call`. It has to look at `deadline`, nanoseconds, by itself;
  /// the lane only sees to it that a call which waits for a thread runs when its deadline passes. `bytes` is what it holds.
  package func submit(
    _ call: LaneCall, deadline: UInt64?, bytes: Int = 0, _ body: @escaping @Sendable () -> Void
  ) throws(LaneRefusal) {
    call.fill(body)
    let need: Machine.Need
    do throws(LaneRefusal) {
      need = try locked { () throws(LaneRefusal) in
        try machine.admit(call, call.number, deadline: deadline, bytes: bytes)
      }
    } catch {
      call.drop()
      throw error
    }
    if follow(need) { return }
    // Nobody will come for it, unless the timekeeper has it already.
    if withdraw(call) { throw .noThread }
  }

  /// Takes a call out that still waits: it will not run. False when it runs or has run.
  package func withdraw(_ call: LaneCall) -> Bool {
    guard let gone = locked({ machine.withdraw(call.number) }) else { return false }
    gone.drop()
    return true
  }

  /// Has a call run at once that still waits: it was cancelled and will end when it sees that.
  package func hasten(_ call: LaneCall) {
    _ = follow(locked { machine.hasten(call.number) })
  }

  /// Takes no further calls; those that wait still run, then the threads end. Does not wait for them.
  package func close() {
    let (resting, hasTimekeeper) = locked { machine.close() }
    for worker in resting { worker.parking.wake() }
    if hasTimekeeper { timekeeper.wake() }
  }

  /// Calls that wait for a thread, and threads, at this moment.
  package var load: (waiting: Int, threads: Int) {
    locked { (machine.waitingCount, machine.workers + (machine.hasTimekeeper ? 1 : 0)) }
  }

  // MARK: - Threads

  /// Does what a step needs; false when what waits needs a thread and there is none.
  private func follow(_ first: Machine.Need) -> Bool {
    var need = first
    while true {
      switch need {
      case .nothing: return true
      case .wake(let worker):
        worker.parking.wake()
        return true
      case .wakeTimekeeper:
        timekeeper.wake()
        return true
      case .worker: if let ends = addWorker() { return ends }
      case .timekeeper: if addTimekeeper() { return true }
      }
      // Another thread was faster.
      need = locked { machine.need() }
    }
  }

  /// Starts a worker; false when there is none at all, nil when it is not needed any more.
  private func addWorker() -> Bool? {
    births.withLock {
      guard locked({ machine.beginWorker() }) else { return nil }
      if environment.start("vectordb-call", serve) { return true }
      return !locked { machine.workerRefused() }
    }
  }

  /// Starts the timekeeper; false when it is not needed any more. Without one, calls whose time has passed end when a worker
  /// comes to them.
  private func addTimekeeper() -> Bool {
    births.withLock {
      guard locked({ machine.beginTimekeeper() }) else { return false }
      if !environment.start("vectordb-time", keepTime) { locked { machine.timekeeperRefused() } }
      return true
    }
  }

  /// A worker's life.
  @Sendable private func serve() {
    let worker = LaneWorker(environment.makeParking())
    let born = processEpoch
    var duty = locked { machine.next(worker) }
    while true {
      switch duty {
      case .run(let call):
        call.run()
        // A call that forked and came back, in the child, where this lane has no threads.
        if processEpoch != born { return }
        duty = locked { machine.next(worker) }
      case .rest:
        let reason = worker.parking.park(until: environment.now().addingClamped(idleTimeout), cancel: nil)
        duty = locked { machine.resume(worker, timedOut: reason != .woken) }
      case .leave: return
      }
    }
  }

  /// The timekeeper's life.
  @Sendable private func keepTime() {
    let born = processEpoch
    var rested = false
    while true {
      let now = environment.now()
      switch locked({ machine.watch(now: now, rested: rested) }) {
      case .run(let call):
        call.run()
        if processEpoch != born { return }
        rested = false
      case .rest(let until): rested = timekeeper.park(until: until, cancel: nil) != .woken
      case .leave: return
      }
    }
  }

  // MARK: - Under the lock

  private func locked<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    var left: [LaneCall] = []
    // Outside the lock: what the parent's calls hold takes locks of its own when it goes.
    defer { for call in left { call.drop() } }
    return try lock.withLock { () throws(Failure) in
      if epoch != processEpoch {
        epoch = processEpoch
        left = machine.forget()
      }
      return try body()
    }
  }
}

/// A thread of a lane, as others wake it.
final class LaneWorker: Equatable {
  let parking: any Parking

  init(_ parking: any Parking) { self.parking = parking }

  static func == (left: LaneWorker, right: LaneWorker) -> Bool { left === right }
}
