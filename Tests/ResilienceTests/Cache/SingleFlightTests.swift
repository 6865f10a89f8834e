import Support
import Testing

@testable import Resilience

@Suite struct SingleFlightTests {
  /// Opens when a test says so.
  private final class Gate: Sendable {
    private let opened = AtomicWord(0)
    func open() { opened.store(1) }
    func pass() { _ = eventually { opened.load() == 1 } }
  }

  /// Starts `count` followers of one leader, whose `load` runs as the last of them waits.
  private func fly(
    _ cache: CachedCall<Box>, followers count: Int, _ contexts: [CallContext] = [],
    leader: @escaping () throws(Trouble) -> Box, follower: @escaping (CallContext) throws(Trouble) -> Box
  ) -> [Result<CacheAnswer<Box>, CallFailure<Trouble>>] {
    let leading = AtomicWord(0)
    let lock = Lock()
    nonisolated(unsafe) var results = [Int: Result<CacheAnswer<Box>, CallFailure<Trouble>>]()
    onThreads(count + 1) { thread in
      let result: Result<CacheAnswer<Box>, CallFailure<Trouble>>
      do throws(CallFailure<Trouble>) {
        if thread == 0 {
          result = .success(
            try cache.ask(key(1)) { (_) throws(Trouble) in
              leading.store(1)
              _ = eventually { cache.statistics().misses == UInt64(count) + 1 }
              return try leader()
            })
        } else {
          _ = eventually { leading.load() == 1 }
          let context = contexts.isEmpty ? CallContext.unbounded : contexts[thread - 1]
          result = .success(try cache.ask(key(1), context, load: follower))
        }
      } catch {
        result = .failure(error)
      }
      lock.withLock { results[thread] = result }
    }
    return (0...count).compactMap { results[$0] }
  }

  @Test func manyCallsForOneThingAreOne() throws {
    let cache = try cache()
    let loads = AtomicWord(0)
    let results = fly(cache, followers: 7, leader: { () throws(Trouble) in Box(5) }) { (_) throws(Trouble) in
      loads.add(1)
      return Box(6)
    }
    #expect(results.count == 8)
    for result in results { #expect(try result.get().value.number == 5) }
    #expect(loads.load() == 0)
    #expect(cache.statistics().joined == 7)
    #expect(cache.statistics().misses == 8)
  }

  /// The next in line does the work, and only when it fails too the one after it.
  @Test func aFollowerLeadsWhenTheLeaderFails() throws {
    let cache = try cache()
    let loads = AtomicWord(0)
    let results = fly(cache, followers: 5, leader: { () throws(Trouble) in throw .backend }) { (_) throws(Trouble) in
      if loads.add(1) < 2 { throw .backend }
      return Box(6)
    }
    let failed = results.filter { if case .failure(.failed(.backend)) = $0 { true } else { false } }
    #expect(failed.count == 3)
    #expect(results.filter { (try? $0.get().value.number) == 6 }.count == 3)
    #expect(loads.load() == 3)
    #expect(cache.ask(key(1), 7)?.value.number == 6)
  }

  @Test func aFollowerWaitsNoLongerThanItsOwnDeadline() throws {
    let cache = try cache()
    let gate = Gate()
    let start = monotonicNanoseconds()
    let cancel = CancelToken()
    let contexts = [CallContext(deadline: start + 50_000_000), CallContext(cancel: cancel), CallContext.unbounded]
    let early = AtomicWord(0)
    onThreads(4) { thread in
      if thread == 0 {
        _ = try? cache.ask(key(1)) { (_) throws(Trouble) in
          gate.open()
          _ = eventually { early.load() == 2 }
          return Box(1)
        }
        return
      }
      gate.pass()
      if thread == 2 { _ = SystemEnvironment.shared.start("cancel") { cancel.cancel() } }
      do throws(CallFailure<Trouble>) {
        let answer = try cache.ask(key(1), contexts[thread - 1]) { (_) throws(Trouble) in Box(2) }
        #expect(thread == 3)
        #expect(answer.value.number == 1)
      } catch .interrupted(let why) {
        #expect(why == (thread == 1 ? .deadlineExceeded : .cancelled))
        early.add(1)
      } catch {
        Issue.record("follower \(thread) was given the failure of the leader")
      }
    }
    #expect(early.load() == 2)
  }

  /// The lead is offered to a follower whose time is over at that very moment: it must not be lost with it.
  @Test func theLeadIsNeverLost() throws {
    for turn in 0..<200 as Range<UInt64> {
      let cache = try cache()
      let deadline = monotonicNanoseconds() + 2_000_000 + turn * 5000
      let contexts = [CallContext(deadline: deadline), CallContext(deadline: deadline), CallContext.unbounded]
      let results = fly(
        cache, followers: 3, contexts,
        leader: { () throws(Trouble) in
          while monotonicNanoseconds() < deadline {}
          throw .backend
        }, follower: { (_) throws(Trouble) in Box(1) })
      #expect(try results[3].get().value.number == 1)
    }
  }

  /// Who comes after a write must not get the answer of a call that was sent before it.
  @Test func nobodyJoinsACallFromBeforeAWrite() throws {
    let cache = try cache()
    let gate = Gate()
    onThreads(2) { thread in
      if thread == 0 {
        _ = try? cache.ask(key(1)) { (_) throws(Trouble) in
          cache.writeStarted(scope())
          cache.writeEnded(scope(), certain: true)
          gate.open()
          _ = eventually { cache.statistics().size == 1 }
          return Box(1)
        }
      } else {
        gate.pass()
        let answer = cache.ask(key(1), 2)
        #expect(answer?.source == .loaded)
        #expect(answer?.value.number == 2)
      }
    }
    #expect(cache.ask(key(1), 3)?.value.number == 2)
  }

  /// The late leader serves an expired answer to nobody but itself; a follower out of time has its own.
  @Test func aFollowerOutOfTimeTakesAnOldAnswer() throws {
    let clock = SystemEnvironment.shared
    let cache = try cache(CacheSettings(ttl: .milliseconds(1), staleOnError: true), environment: clock)
    _ = cache.ask(key(1), 1)
    _ = clock.makeParking().park(until: clock.now() + 2_000_000, cancel: nil)
    let gate = Gate()
    let done = Gate()
    onThreads(2) { thread in
      if thread == 0 {
        _ = try? cache.ask(key(1)) { (_) throws(Trouble) in
          gate.open()
          done.pass()
          return Box(2)
        }
      } else {
        gate.pass()
        let context = CallContext(deadline: clock.now() + 5_000_000)
        let answer = try? cache.ask(key(1), context) { (_) throws(Trouble) in Box(3) }
        #expect(answer?.source == .stale)
        #expect(answer?.value.number == 1)
        done.open()
      }
    }
  }
}
