import Support
import Testing

@testable import Resilience

@Suite struct ProbingTests {
  @Test func probesAreAtLeastASecondApart() throws {
    let clock = SettableClock()
    let prober = Prober<Int>(timeout: .seconds(3), environment: clock)
    #expect(try prober.probe(.unbounded) { _ in 1 } == 1)
    clock.advance(.milliseconds(999))
    #expect(try prober.probe(.unbounded) { _ in 2 } == 1)
    clock.advance(.milliseconds(1))
    #expect(try prober.probe(.unbounded) { _ in 3 } == 3)
  }

  @Test func aProbeHasItsOwnTimeoutWithinItsCallers() throws {
    let clock = SettableClock(5)
    let prober = Prober<UInt64>(timeout: .seconds(3), environment: clock)
    #expect(try prober.probe(CallContext(deadline: 9_000_000_000)) { $0.deadline } == 3_000_000_005)
    clock.advance(.seconds(1))
    #expect(try prober.probe(CallContext(deadline: 2_000_000_000)) { $0.deadline } == 2_000_000_000)
  }

  @Test func manyWhoAskAtOnceShareOneProbe() {
    let prober = Prober<Int>(timeout: .seconds(3), environment: SystemEnvironment.shared)
    let (probes, arrived) = (AtomicWord(0), AtomicWord(0))
    onThreads(6) { _ in
      arrived.add(1)
      let found = try? prober.probe(.unbounded) { _ in
        probes.add(1)
        _ = eventually { arrived.load() == 6 }
        return 4
      }
      #expect(found == 4)
    }
    #expect(probes.load() == 1)
  }

  @Test func whenTheCallerOfAProbeGivesUpAnotherAsks() {
    let prober = Prober<Int>(timeout: .seconds(3), environment: SystemEnvironment.shared)
    let (asking, waiting) = (AtomicWord(0), AtomicWord(0))
    onThreads(2) { thread in
      if thread == 0 {
        let cancel = CancelToken()
        do throws(CallFailure<Never>) {
          _ = try prober.probe(CallContext(cancel: cancel)) { _ in
            asking.store(1)
            _ = eventually { waiting.load() == 1 }
            cancel.cancel()
            return nil
          }
          Issue.record("found something")
        } catch .interrupted(let why) {
          #expect(why == .cancelled)
        } catch {}
      } else {
        _ = eventually { asking.load() == 1 }
        waiting.store(1)
        #expect((try? prober.probe(.unbounded) { _ in 8 }) == 8)
      }
    }
  }

  @Test func periodicProbingStopsWhenToldAndWhenItsOwnerGoes() {
    let turns = AtomicWord(0)
    let ended = AtomicWord(0)
    /// Says when the thread has let go of its work.
    final class Witness: Sendable {
      let ended: AtomicWord
      init(_ ended: AtomicWord) { self.ended = ended }
      deinit { ended.add(1) }
    }
    func make() -> PeriodicProbe {
      let witness = Witness(ended)
      return PeriodicProbe(interval: .milliseconds(1), timeout: .seconds(1), environment: SystemEnvironment.shared) {
        context in
        withExtendedLifetime(witness) { _ = turns.add(1) }
        return context.deadline != nil
      }
    }
    var probe: PeriodicProbe? = make()
    #expect(probe?.start() == true)
    #expect(probe?.start() == true)
    #expect(eventually { turns.load() > 5 })
    probe = nil
    #expect(eventually { ended.load() == 1 })
    let stopped = make()
    #expect(stopped.start())
    stopped.cancel()
    let after = turns.load()
    #expect(stopped.start())
    _ = SystemEnvironment.shared.makeParking().park(until: monotonicNanoseconds() + 20_000_000, cancel: nil)
    #expect(turns.load() <= after + 1)
  }

  @Test func aProbeMayEndItsSeries() {
    let turns = AtomicWord(0)
    let probe = PeriodicProbe(interval: .milliseconds(1), timeout: .seconds(1), environment: SystemEnvironment.shared) {
      _ in
      turns.add(1) < 2
    }
    #expect(probe.start())
    #expect(eventually { turns.load() == 3 })
  }
}
