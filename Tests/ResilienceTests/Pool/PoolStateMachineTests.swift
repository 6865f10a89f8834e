import Testing

@testable import Resilience

/// One rule a test; times are nanoseconds, waiters are numbers.
@Suite struct PoolStateMachineTests {
  private typealias Machine = PoolStateMachine<Int>

  private func machine(_ change: (inout PoolSettings) -> Void = { _ in }) -> Machine {
    var settings = PoolSettings(
      hardLimit: 2, idleTimeout: .nanoseconds(1000), lifetime: .nanoseconds(10_000), lifetimeJitter: 0,
      checkAfterIdle: .nanoseconds(100))
    change(&settings)
    return Machine(PoolRules(settings))
  }

  /// Opens a connection and returns its grant.
  private func open(_ machine: inout Machine, now: UInt64 = 0, chance: UInt64 = 0) throws -> Machine.Grant {
    guard case (.open(let grant), _) = machine.lease(nil, now: now) else { throw Unexpected() }
    let isWanted = machine.opened(grant, now: now, chance: chance)
    #expect(isWanted)
    return grant
  }

  private struct Unexpected: Error {}

  private func places(_ endings: [Machine.Ending]) -> [Int] { endings.map(\.place) }

  @Test func opensUpToTheHardLimitAndThenQueues() throws {
    var machine = machine()
    _ = try open(&machine)
    _ = try open(&machine)
    let third = machine.lease(7, now: 0)
    #expect(third.0 == .wait)
    #expect(machine.waitingCount == 1)
    #expect(machine.leasedCount == 2)
  }

  @Test func aConnectionThatCameBackIsLentAgain() throws {
    var machine = machine()
    let first = try open(&machine)
    _ = machine.giveBack(first.number, reusable: true, now: 10)
    guard case (.use(let grant), _) = machine.lease(nil, now: 20) else { throw Unexpected() }
    #expect(grant.isReused)
    #expect(grant.place == first.place)
    #expect(grant.number != first.number)
  }

  @Test func whoWaitsFirstIsServedFirst() throws {
    var machine = machine()
    let grants = [try open(&machine), try open(&machine)]
    for waiter in 1...3 { _ = machine.lease(waiter, now: 0) }
    let gaveUp = machine.giveUp(2)
    #expect(gaveUp)
    let first = machine.giveBack(grants[0].number, reusable: true, now: 1)
    #expect(first.0?.waiter == 1)
    let second = machine.giveBack(grants[1].number, reusable: true, now: 1)
    #expect(second.0?.waiter == 3)
    let gaveUpLate = machine.giveUp(3)
    #expect(!gaveUpLate, "it was handed a place before it gave up")
  }

  @Test func aPlaceThatCouldNotBeFilledGoesToTheNextWaiter() throws {
    var machine = machine { $0.hardLimit = 1 }
    guard case (.open(let grant), _) = machine.lease(nil, now: 0) else { throw Unexpected() }
    _ = machine.lease(5, now: 0)
    let handover = machine.openFailed(grant)
    #expect(handover?.waiter == 5)
    guard case .open? = handover?.decision else { throw Unexpected() }
  }

  /// The backend counts a connection until it is closed, so the next one is opened only after that.
  @Test func aBrokenConnectionCountsUntilItIsClosed() throws {
    var machine = machine { $0.hardLimit = 1 }
    let grant = try open(&machine)
    _ = machine.lease(5, now: 0)
    let (handover, endings) = machine.giveBack(grant.number, reusable: false, now: 1)
    #expect(handover == nil)
    #expect(places(endings) == [grant.place])
    let handovers = machine.ended(places(endings))
    #expect(handovers.map(\.waiter) == [5])
  }

  @Test func aLeaseEndsOnce() throws {
    var machine = machine()
    let grant = try open(&machine)
    _ = machine.giveBack(grant.number, reusable: true, now: 1)
    _ = machine.giveBack(grant.number, reusable: true, now: 2)
    #expect(machine.idleCount == 1)
    #expect(machine.leasedCount == 0)
    for number in [0, 1, .max, grant.number + 1] as [UInt64] {
      let unknown = machine.giveBack(number, reusable: true, now: 3)
      #expect(unknown.1.isEmpty)
    }
    #expect(machine.idleCount == 1)
  }

  @Test func connectionsBeyondTheSoftLimitAreNotKept() throws {
    var machine = machine { $0.softLimit = 1 }
    let grants = [try open(&machine), try open(&machine)]
    let (_, endings) = machine.giveBack(grants[0].number, reusable: true, now: 1)
    #expect(endings.map(\.reason.description) == ["surplus"])
    let kept = machine.giveBack(grants[1].number, reusable: true, now: 1)
    #expect(kept.1.isEmpty)
    #expect(machine.idleCount == 1)
  }

  @Test func anIdleConnectionEndsWhenItIsTooOld() throws {
    var machine = machine()
    let grant = try open(&machine)
    _ = machine.giveBack(grant.number, reusable: true, now: 500)
    let early = machine.closeExpired(now: 1499)
    #expect(early.isEmpty)
    let late = machine.closeExpired(now: 1500)
    #expect(late.map(\.reason.description) == ["idle"])
    #expect(machine.idleCount == 0)
  }

  @Test func aConnectionIsNotLentBeyondItsLife() throws {
    var machine = machine { $0.idleTimeout = .seconds(1) }
    let grant = try open(&machine)
    _ = machine.giveBack(grant.number, reusable: true, now: 9_999)
    let (decision, endings) = machine.lease(nil, now: 10_000)
    #expect(endings.map(\.reason.description) == ["lifetime"])
    guard case .open = decision else { throw Unexpected() }
  }

  @Test func aConnectionReturnedAfterItsLifeEnds() throws {
    var machine = machine()
    let grant = try open(&machine)
    let returned = machine.giveBack(grant.number, reusable: true, now: 10_000)
    #expect(returned.1.map(\.reason.description) == ["lifetime"])
  }

  @Test func livesOfConnectionsOpenedTogetherEndApart() throws {
    let rules = PoolRules(PoolSettings(lifetime: .seconds(1000), lifetimeJitter: 0.2))
    let lives = (0..<1000).map { rules.life(mix($0)) }
    #expect(lives.allSatisfy { $0 > 800_000_000_000 && $0 <= 1_000_000_000_000 })
    #expect(Set(lives.map { $0 / 10_000_000_000 }).count >= 19, "spread over the whole fifth")
  }

  @Test func aConnectionThatLayIdleIsChecked() throws {
    var machine = machine()
    let grant = try open(&machine)
    _ = machine.giveBack(grant.number, reusable: true, now: 0)
    guard case (.use(let quick), _) = machine.lease(nil, now: 99) else { throw Unexpected() }
    _ = machine.giveBack(quick.number, reusable: true, now: 100)
    guard case (.check, _) = machine.lease(nil, now: 200) else { throw Unexpected() }
  }

  /// A server that starts anew breaks all of them: the others are looked at before they are lent.
  @Test func aDeadConnectionMakesTheIdleOnesSuspect() throws {
    var machine = machine()
    let grants = [try open(&machine), try open(&machine)]
    for grant in grants { _ = machine.giveBack(grant.number, reusable: true, now: 0) }
    guard case (.use(let dead), _) = machine.lease(nil, now: 1) else { throw Unexpected() }
    _ = machine.giveBack(dead.number, reusable: false, now: 2)
    guard case (.check, _) = machine.lease(nil, now: 3) else { throw Unexpected() }
  }

  @Test func aFailedCheckOpensAnotherWithoutQueueing() throws {
    var machine = machine { $0.hardLimit = 1 }
    let grant = try open(&machine)
    _ = machine.giveBack(grant.number, reusable: true, now: 0)
    guard case (.check(let checked), _) = machine.lease(nil, now: 500) else { throw Unexpected() }
    _ = machine.lease(9, now: 500)
    let (decision, endings) = machine.checkFailed(checked, now: 501)
    guard case .open(let opening) = decision else { throw Unexpected() }
    let handovers = machine.ended(places(endings))
    #expect(handovers.isEmpty, "its place is not handed to the waiter")
    let isWanted = machine.opened(opening, now: 502, chance: 0)
    #expect(isWanted)
  }

  @Test func aFreshOneIsNotTakenFromTheIdle() throws {
    var machine = machine { $0.hardLimit = 1 }
    let grant = try open(&machine)
    _ = machine.giveBack(grant.number, reusable: true, now: 0)
    let (decision, endings) = machine.lease(nil, fresh: true, now: 1)
    guard case .open = decision else { throw Unexpected() }
    #expect(places(endings) == [grant.place])
  }

  @Test func aClosedPoolEndsEverything() throws {
    var machine = machine { $0.hardLimit = 3 }
    let kept = try open(&machine)
    let idle = try open(&machine)
    guard case (.open(let opening), _) = machine.lease(nil, now: 0) else { throw Unexpected() }
    _ = machine.giveBack(idle.number, reusable: true, now: 1)
    let (waiters, endings) = machine.close()
    #expect(waiters.isEmpty)
    #expect(places(endings) == [idle.place])
    let refused = machine.lease(3, now: 2)
    #expect(refused.0 == .closed)
    let isWanted = machine.opened(opening, now: 2, chance: 0)
    #expect(!isWanted)
    let returned = machine.giveBack(kept.number, reusable: true, now: 3)
    #expect(returned.1.map(\.reason.description) == ["closed"])
    #expect(machine.leasedCount == 0)
    #expect(machine.openingCount == 0)
  }

  @Test func aLeaseFromBeforeTheForkIsUnknownAfterwards() throws {
    var machine = machine()
    let grant = try open(&machine)
    machine.forget()
    let unknown = machine.giveBack(grant.number, reusable: true, now: 1)
    #expect(unknown.1.isEmpty)
    #expect(machine.idleCount == 0)
    let next = try open(&machine)
    #expect(next.number != grant.number)
  }

  @Test(arguments: [
    ("hard_limit", PoolSettings(hardLimit: 0)), ("hard_limit", PoolSettings(hardLimit: 10_001)),
    ("soft_limit", PoolSettings(hardLimit: 5, softLimit: 6)), ("wait_timeout", PoolSettings(waitTimeout: .seconds(-1))),
    ("connect_timeout", PoolSettings(connectTimeout: .zero)), ("lifetime_jitter", PoolSettings(lifetimeJitter: 1.5)),
    ("lifetime_jitter", PoolSettings(lifetimeJitter: .nan)),
  ])
  func settingsOutOfRangeAreNamed(option: String, settings: PoolSettings) {
    do throws(SettingsError) {
      try settings.check()
      Issue.record("accepted")
    } catch {
      #expect(error.option == "resilience.pool." + option)
    }
  }

  @Test func theDefaultsAreInRange() throws { try PoolSettings().check() }
}
