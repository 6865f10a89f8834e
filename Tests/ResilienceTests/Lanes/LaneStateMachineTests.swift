import Testing

@testable import Resilience

/// Steps of a lane one by one; `Int` stands for calls and for workers.
@Suite struct LaneStateMachineTests {
  private typealias Machine = LaneStateMachine<Int, Int>

  /// The machine as an object, which expectations can change.
  private final class Lane {
    var machine: Machine
    init(_ settings: LaneSettings) { machine = Machine(settings) }

    var workers: Int { machine.workers }
    var waitingCount: Int { machine.waitingCount }
    var hasTimekeeper: Bool { machine.hasTimekeeper }
    func admit(_ call: Int, _ ticket: UInt64, deadline: UInt64?) throws(LaneRefusal) -> Machine.Need {
      try machine.admit(call, ticket, deadline: deadline)
    }
    func withdraw(_ ticket: UInt64) -> Int? { machine.withdraw(ticket) }
    func hasten(_ ticket: UInt64) -> Machine.Need { machine.hasten(ticket) }
    func beginWorker() -> Bool { machine.beginWorker() }
    func workerRefused() -> Bool { machine.workerRefused() }
    func next(_ worker: Int) -> Machine.Duty { machine.next(worker) }
    func resume(_ worker: Int, timedOut: Bool) -> Machine.Duty { machine.resume(worker, timedOut: timedOut) }
    func beginTimekeeper() -> Bool { machine.beginTimekeeper() }
    func watch(now: UInt64, rested: Bool) -> Machine.Watch { machine.watch(now: now, rested: rested) }
    func close() { _ = machine.close() }
    func forget() -> [Int] { machine.forget() }
  }

  private func ran(_ duty: Machine.Duty) -> Int? { if case .run(let call) = duty { call } else { nil } }
  private func rests(_ duty: Machine.Duty) -> Bool { if case .rest = duty { true } else { false } }
  private func leaves(_ duty: Machine.Duty) -> Bool { if case .leave = duty { true } else { false } }

  /// A lane whose workers 0 ..< threads are all inside a call.
  private func busy(threads: Int, queueLimit: Int = 100) throws -> Lane {
    let machine = Lane(LaneSettings(threads: threads, queueLimit: queueLimit, idleTimeout: .seconds(1)))
    for worker in 0..<threads {
      #expect(try machine.admit(worker, UInt64(worker), deadline: nil) == .worker)
      #expect(machine.beginWorker())
      #expect(ran(machine.next(worker)) == worker)
    }
    return machine
  }

  @Test func threadsComeOneByOneUpToTheLimit() throws {
    let machine = try busy(threads: 3)
    #expect(machine.workers == 3)
    #expect(!machine.beginWorker())
    #expect(try machine.admit(9, 9, deadline: nil) == .timekeeper)
  }

  @Test func callsRunInTheOrderTheyCame() throws {
    let machine = try busy(threads: 1)
    for call in 10..<20 { _ = try machine.admit(call, UInt64(call), deadline: nil) }
    for call in 10..<20 { #expect(ran(machine.next(0)) == call) }
    #expect(rests(machine.next(0)))
  }

  @Test func theWorkerThatRestedLastIsWoken() throws {
    let machine = try busy(threads: 2)
    #expect(rests(machine.next(0)))
    #expect(rests(machine.next(1)))
    #expect(try machine.admit(5, 5, deadline: nil) == .wake(1))
    #expect(try machine.admit(6, 6, deadline: nil) == .wake(0))
    #expect(ran(machine.resume(0, timedOut: false)) == 5)
    #expect(ran(machine.resume(1, timedOut: false)) == 6)
  }

  /// Woken at the very moment it gave up: the call must not be left alone.
  @Test func aWorkerThatWasWokenDoesNotLeave() throws {
    let machine = try busy(threads: 1)
    #expect(rests(machine.next(0)))
    #expect(try machine.admit(5, 5, deadline: nil) == .wake(0))
    #expect(ran(machine.resume(0, timedOut: true)) == 5)
    #expect(rests(machine.next(0)))
    #expect(leaves(machine.resume(0, timedOut: true)))
    #expect(machine.workers == 0)
  }

  @Test func aFullQueueRefuses() throws {
    let machine = try busy(threads: 1, queueLimit: 2)
    _ = try machine.admit(5, 5, deadline: nil)
    _ = try machine.admit(6, 6, deadline: nil)
    #expect(throws: LaneRefusal.full(limit: 2)) { try machine.admit(7, 7, deadline: nil) }
    #expect(machine.withdraw(5) == 5)
    _ = try machine.admit(8, 8, deadline: nil)
    #expect(ran(machine.next(0)) == 6)
    #expect(machine.withdraw(6) == nil)
  }

  @Test func callsThatHoldMuchFillTheQueueToo() throws {
    var machine = Machine(LaneSettings(threads: 1, byteLimit: 100))
    _ = try machine.admit(1, 1, deadline: nil, bytes: 1000)
    #expect(throws: LaneRefusal.heavy(limit: 100)) { try machine.admit(2, 2, deadline: nil, bytes: 1) }
    _ = machine.withdraw(1)
    _ = try machine.admit(3, 3, deadline: nil, bytes: 60)
    _ = try machine.admit(4, 4, deadline: nil, bytes: 40)
    #expect(throws: LaneRefusal.heavy(limit: 100)) { try machine.admit(5, 5, deadline: nil, bytes: 1) }
    _ = machine.withdraw(3)
    _ = try machine.admit(6, 6, deadline: nil, bytes: 60)
  }

  @Test func theTimekeeperRunsWhatIsOverdueAndNothingElse() throws {
    let machine = try busy(threads: 1)
    #expect(try machine.admit(5, 5, deadline: 200) == .timekeeper)
    _ = try machine.admit(6, 6, deadline: 100)
    _ = try machine.admit(7, 7, deadline: nil)
    #expect(machine.beginTimekeeper())
    guard case .rest(until: 100) = machine.watch(now: 50, rested: false) else { Issue.record("no rest"); return }
    guard case .run(6) = machine.watch(now: 100, rested: true) else { Issue.record("6 is overdue"); return }
    guard case .rest(until: 200) = machine.watch(now: 101, rested: false) else { Issue.record("no rest"); return }
    // An earlier deadline ends the rest.
    #expect(try machine.admit(8, 8, deadline: 150) == .wakeTimekeeper)
    guard case .rest(until: 150) = machine.watch(now: 102, rested: false) else { Issue.record("no rest"); return }
    #expect(machine.hasten(7) == .wakeTimekeeper)
    guard case .run(7) = machine.watch(now: 103, rested: false) else { Issue.record("7 was hastened"); return }
    #expect(ran(machine.next(0)) == 5)
    #expect(ran(machine.next(0)) == 8)
  }

  @Test func theTimekeeperLeavesWhenNothingWaits() throws {
    let machine = try busy(threads: 1)
    _ = try machine.admit(5, 5, deadline: 2_000_000_000)
    #expect(machine.beginTimekeeper())
    #expect(!machine.beginTimekeeper())
    #expect(ran(machine.next(0)) == 5)
    guard case .rest = machine.watch(now: 10, rested: false) else { Issue.record("left at once"); return }
    guard case .leave = machine.watch(now: 3_000_000_000, rested: true) else { Issue.record("stays"); return }
    #expect(!machine.hasTimekeeper)
  }

  @Test func closingRunsWhatWaitsAndTakesNothingMore() throws {
    let machine = try busy(threads: 2)
    #expect(rests(machine.next(1)))
    machine.close()
    #expect(throws: LaneRefusal.closed) { try machine.admit(5, 5, deadline: nil) }
    #expect(leaves(machine.resume(1, timedOut: false)))
    #expect(leaves(machine.next(0)))
  }

  @Test func whoIsRefusedAThreadLearnsWhetherThereIsAnother() throws {
    let machine = Lane(LaneSettings(threads: 2))
    #expect(try machine.admit(5, 5, deadline: nil) == .worker)
    #expect(machine.beginWorker())
    #expect(machine.workerRefused())
    #expect(machine.withdraw(5) == 5)
    let other = try busy(threads: 2)
    _ = other.next(1)
    #expect(leaves(other.resume(1, timedOut: true)))
    #expect(try other.admit(6, 6, deadline: nil) == .worker)
    #expect(other.beginWorker())
    #expect(!other.workerRefused())
  }

  @Test func withdrawnCallsLeaveNothingBehind() throws {
    let machine = try busy(threads: 1)
    for call in 100..<10_000 {
      _ = try machine.admit(call, UInt64(call), deadline: nil)
      #expect(machine.withdraw(UInt64(call)) == call)
    }
    #expect(machine.waitingCount == 0)
    _ = try machine.admit(5, 50_000, deadline: nil)
    #expect(ran(machine.next(0)) == 5)
  }

  @Test func aForkedChildStartsAnew() throws {
    let machine = try busy(threads: 1)
    _ = try machine.admit(5, 5, deadline: nil)
    _ = try machine.admit(6, 6, deadline: nil)
    _ = machine.hasten(6)
    #expect(machine.forget().sorted() == [5, 6])
    #expect(machine.workers == 0 && machine.waitingCount == 0)
    #expect(try machine.admit(7, 7, deadline: nil) == .worker)
  }
}
