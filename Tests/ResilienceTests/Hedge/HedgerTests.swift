import Glibc
import Support
import Testing

@testable import Resilience

@Suite struct HedgerTests {
  private enum Broken: Error, Equatable { case first, second }

  private let soon = HedgeSettings(delay: .milliseconds(5))
  private let system = SystemEnvironment.shared

  /// Waits as a read waits for its answer: until told, or cancelled.
  private func wait(_ context: CallContext, milliseconds: UInt64) -> Bool {
    system.makeParking().park(until: system.now() + milliseconds * 1_000_000, cancel: context.cancel) == .cancelled
  }

  @Test func aRaceIsWonByTheFirstSuccess() {
    var race = HedgeRace<Int, Broken>()
    race.secondStarted()
    race.ended(.first, .failure(.first))
    #expect(race.isOpen)
    race.ended(.second, .success(2))
    guard case .won(.second, 2)? = race.outcome else {
      Issue.record("the second won")
      return
    }
    race.ended(.first, .success(1))
    guard case .won(.second, 2)? = race.outcome else {
      Issue.record("a race ends once")
      return
    }
  }

  @Test func aRaceIsLostWhenAllFailWithTheFirstFailure() {
    for order in [[HedgeRace<Int, Broken>.Run.first, .second], [.second, .first]] {
      var race = HedgeRace<Int, Broken>()
      race.secondStarted()
      race.ended(order[0], .failure(order[0] == .first ? .first : .second))
      #expect(race.isOpen)
      race.ended(order[1], .failure(order[1] == .first ? .first : .second))
      guard case .lost(.first)? = race.outcome else {
        Issue.record("lost with another failure")
        return
      }
    }
  }

  @Test func theDelayIsAQuantileOfRecentCalls() {
    var recent = RecentLatencies(quantile: 0.95)
    for latency in 1...19 as ClosedRange<UInt64> { recent.record(latency) }
    #expect(recent.value == nil)
    recent.record(20)
    #expect(recent.value == 19)
    for _ in 0..<512 { recent.record(1000) }
    #expect(recent.value == 1000)
  }

  @Test func nothingIsHedgedBeforeLateIsKnown() throws {
    let hedger = Hedger(HedgeSettings(minDelay: .zero), environment: system)
    for call in 0..<20 {
      #expect(hedger.delay == nil)
      let answer = try hedger.run("search", .unbounded, mayHedge: { true }) { (_) throws(Broken) in call }
      #expect(answer == call)
    }
    #expect(hedger.delay != nil)
  }

  @Test func aLateReadIsOvertakenAndCancelled() throws {
    let hedger = Hedger(soon, environment: system)
    let (runs, cancelled) = (AtomicWord(0), AtomicWord(0))
    let start = monotonicNanoseconds()
    let answer = try hedger.run("search", .unbounded, mayHedge: { true }) { (context) throws(Broken) in
      let run = runs.add(1)
      if run == 0, wait(context, milliseconds: 8000) { cancelled.add(1) }
      return run
    }
    #expect(answer == 1)
    #expect(monotonicNanoseconds() - start < 4_000_000_000)
    #expect(eventually { cancelled.load() == 1 })
  }

  /// The loser is stuck where no cancel reaches it; the answer does not wait for it, and what it uses lives on.
  @Test func aStuckLoserHoldsNobodyUp() throws {
    let hedger = Hedger(soon, environment: system)
    let (runs, release) = (AtomicWord(0), AtomicWord(0))
    weak var owned: Box?
    do {
      let box = Box(7)
      owned = box
      let answer = try hedger.run("search", .unbounded, mayHedge: { true }) { (_) throws(Broken) in
        if runs.add(1) == 0 { _ = eventually { release.load() == 1 } }
        return box.number
      }
      #expect(answer == 7)
    }
    #expect(owned != nil)
    release.store(1)
    #expect(eventually { owned == nil })
  }

  /// Every call leaves a run behind that nothing can stop: their threads must not become ever more.
  @Test func stuckLosersAreBounded() throws {
    let hedger = Hedger(HedgeSettings(delay: .milliseconds(1)), environment: system)
    let (release, ended) = (AtomicWord(0), AtomicWord(0))
    for _ in 0..<Hedger.longestTail {
      let runs = AtomicWord(0)
      _ = try hedger.run("search", .unbounded, mayHedge: { true }) { (_) throws(Broken) in
        if runs.add(1) == 0 {
          _ = eventually { release.load() == 1 }
          ended.add(1)
        }
      }
    }
    let caller = pthread_self()
    let isAlone = { @Sendable (_: CallContext) throws(Broken) in pthread_equal(pthread_self(), caller) != 0 }
    #expect(try hedger.run("search", .unbounded, mayHedge: { true }, isAlone))
    release.store(1)
    #expect(eventually { ended.load() == Hedger.longestTail })
    #expect(eventually { (try? hedger.run("search", .unbounded, mayHedge: { true }, isAlone)) == false })
  }

  @Test func withoutBudgetTheFirstRunGoesOnAlone() throws {
    let hedger = Hedger(soon, environment: system)
    let (runs, asked) = (AtomicWord(0), AtomicWord(0))
    let answer = try hedger.run(
      "search", .unbounded,
      mayHedge: {
        asked.add(1)
        return false
      }
    ) { (context) throws(Broken) in
      runs.add(1)
      _ = wait(context, milliseconds: 20)
      return 1
    }
    #expect(answer == 1)
    #expect(runs.load() == 1)
    #expect(asked.load() == 1)
  }

  @Test func aFailureBeforeTheDelayIsFinal() throws {
    let hedger = Hedger(HedgeSettings(delay: .seconds(60)), environment: system)
    #expect(throws: CallFailure<Broken>.self) {
      try hedger.run("search", .unbounded, mayHedge: { true }) { (_) throws(Broken) -> Int in throw .first }
    }
  }

  @Test func deadlineAndCancelEndTheWait() {
    let hedger = Hedger(soon, environment: system)
    let cancel = CancelToken()
    let contexts = [
      (CallContext(deadline: system.now() + 20_000_000), CallContext.Interruption.deadlineExceeded),
      (CallContext(cancel: cancel), .cancelled),
    ]
    for (context, expected) in contexts {
      if context.cancel != nil { _ = system.start("cancel") { cancel.cancel() } }
      let ended = AtomicWord(0)
      do throws(CallFailure<Broken>) {
        _ = try hedger.run("search", context, mayHedge: { true }) { (context) throws(Broken) in
          _ = wait(context, milliseconds: 8000)
          ended.add(1)
        }
        Issue.record("nothing ended it")
      } catch .interrupted(let why) {
        #expect(why == expected)
      } catch {
        Issue.record("a failure of its own")
      }
      #expect(eventually { ended.load() >= 1 })
    }
  }
}
