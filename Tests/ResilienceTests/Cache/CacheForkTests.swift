import CTestSupport
import Support
import Testing

@testable import Resilience

/// What was under way when a process forked is under way in the parent alone.
@Suite(.serialized) struct CacheForkTests {
  private final class Case {
    let cache: CachedCall<Box>
    let prober = Prober<Int>(timeout: .seconds(3), environment: SystemEnvironment.shared)

    init(_ cache: CachedCall<Box>) { self.cache = cache }

    /// 0, or which promise is broken.
    func inChild() -> Int32 {
      let soon = CallContext(deadline: monotonicNanoseconds() + 5_000_000_000)
      let answer = try? cache.ask(key(1), soon) { (_) throws(Trouble) in Box(2) }
      if answer?.source != .loaded || answer?.value.number != 2 { return 1 }
      if cache.ask(key(2), 9)?.value.number != 7 { return 2 }
      if (try? prober.probe(soon) { _ in 5 }) != 5 { return 3 }
      return 0
    }
  }

  @Test func theChildWaitsForNobodyWhoIsNotThere() throws {
    let test = Case(try cache())
    _ = test.cache.ask(key(2), 7)
    let (leading, forked, failed) = (AtomicWord(0), AtomicWord(0), AtomicWord(0))
    onThreads(3) { thread in
      switch thread {
      case 0:
        _ = try? test.cache.ask(key(1)) { (_) throws(Trouble) in
          leading.add(1)
          _ = eventually { forked.load() == 1 }
          return Box(1)
        }
      case 1:
        _ = try? test.prober.probe(.unbounded) { _ in
          leading.add(1)
          _ = eventually { forked.load() == 1 }
          return 4
        }
      default:
        _ = eventually { leading.load() == 2 }
        let code = test_run_in_child(
          { context in context.map { Unmanaged<Case>.fromOpaque($0).takeUnretainedValue().inChild() } ?? 9 },
          Unmanaged.passUnretained(test).toOpaque(), 20)
        if code != 0 { failed.store(UInt64(bitPattern: Int64(code))) }
        forked.store(1)
      }
    }
    #expect(failed.load() == 0)
    #expect(test.cache.ask(key(1), 3)?.value.number == 1)
  }
}
