import CTestSupport
import Support
import Testing

@testable import Resilience

/// A pool in a forked child: what was open belongs to the parent.
@Suite struct PoolForkTests {
  private final class Session {}

  /// Counts what it is told to do.
  private final class CountingFactory: ConnectionFactory, Sendable {
    let opened = AtomicWord(0)
    let closed = AtomicWord(0)
    let abandoned = AtomicWord(0)

    func open(_ context: CallContext) throws(AttemptFailure) -> Session {
      opened.add(1)
      return Session()
    }
    func check(_ connection: Session) -> Bool { true }
    func close(_ connection: Session) { closed.add(1) }
    func abandon(_ connection: Session) { abandoned.add(1) }
  }

  /// What the child finds.
  private final class Case {
    let factory = CountingFactory()
    let pool: Pool<CountingFactory>
    let held: Lease

    init() throws {
      pool = Pool(factory, PoolSettings(hardLimit: 2), SystemEnvironment.shared)
      held = try pool.lease(.unbounded)
      pool.giveBack(try pool.lease(.unbounded), reusable: true)
    }

    /// 0, or which promise is broken.
    func inChild() -> Int32 {
      // Both places are free: nobody who held or waited came along.
      guard let first = try? pool.lease(.unbounded), let second = try? pool.lease(.unbounded) else { return 1 }
      if factory.abandoned.load() != 2 || factory.closed.load() != 0 { return 2 }
      if factory.opened.load() != 4 { return 3 }
      pool.giveBack(held, reusable: true)
      if pool.stats.idle != 0 || pool.stats.leased != 2 { return 4 }
      pool.giveBack(first, reusable: true)
      pool.giveBack(second, reusable: true)
      pool.close()
      return factory.closed.load() == 2 && pool.stats.opened == pool.stats.ended ? 0 : 5
    }
  }

  @Test func theChildStartsWithAnEmptyPoolAndClosesNothingOfTheParents() throws {
    let both = try Case()
    let answer = test_run_in_child(
      { context in
        guard let context else { return 9 }
        return Unmanaged<Case>.fromOpaque(context).takeUnretainedValue().inChild()
      }, Unmanaged.passUnretained(both).toOpaque(), 10)
    #expect(answer == 0)
    // The parent goes on as if nothing had happened.
    #expect(both.pool.stats.leased == 1)
    #expect(both.pool.stats.idle == 1)
    both.pool.giveBack(both.held, reusable: true)
    both.pool.close()
    #expect(both.factory.closed.load() == 2)
    #expect(both.factory.abandoned.load() == 0)
  }
}
