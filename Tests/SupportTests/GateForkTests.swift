import CSupport
import Support
import Testing

/// The gate between the threads inside the library and a fork.
@Suite(.serialized) struct GateForkTests {
  /// Nanoseconds that a fork waits at the longest.
  private let patience = UInt64(VDB_GATE_PATIENCE_MS) * 1_000_000

  /// Forks while another thread is inside the library and runs `body`; true when `check` held in the child.
  private func forkBeside(_ body: (_ forked: AtomicWord) -> Void, check: () -> Bool) -> Bool {
    let isInside = AtomicWord(0)
    let forked = AtomicWord(0)
    let isGood = AtomicWord(0)
    WorkerPool(helpers: 1).run(tasks: 2, threads: 2) { task in
      if task == 0 {
        let seat = vdb_gate_enter()
        isInside.store(1)
        body(forked)
        vdb_gate_leave(seat)
      } else {
        while isInside.load() == 0 {}
        if inChild(check) { isGood.store(1) }
        forked.store(1)
      }
    }
    return isGood.load() == 1
  }

  private func work(nanoseconds: UInt64) {
    let end = monotonicNanoseconds() + nanoseconds
    while monotonicNanoseconds() < end {}
  }

  @Test func aForkWaitsForASafePoint() {
    let isDone = AtomicWord(0)
    let waited = forkBeside(
      { forked in
        work(nanoseconds: 30_000_000)
        isDone.store(1)
        while forked.load() == 0 { vdb_gate_safe_point() }
      }, check: { isDone.load() == 1 })
    #expect(waited)
  }

  @Test func aForkWaitsForAThreadToLeave() {
    let isDone = AtomicWord(0)
    let waited = forkBeside(
      { _ in
        work(nanoseconds: 30_000_000)
        isDone.store(1)
      }, check: { isDone.load() == 1 })
    #expect(waited)
  }

  /// In a child, where no other test is inside.
  @Test func aForkDoesNotWaitForTheHostsCode() {
    let isQuick = inChild {
      let start = monotonicNanoseconds()
      let happened = forkBeside(
        { forked in
          let depth = vdb_gate_pause()
          while forked.load() == 0 {}
          vdb_gate_resume(depth)
        }, check: { true })
      return happened && monotonicNanoseconds() - start < patience
    }
    #expect(isQuick)
  }

  @Test func aForkWaitsNoLongerThanItSays() {
    let isBounded = inChild {
      let start = monotonicNanoseconds()
      guard forkBeside({ forked in while forked.load() == 0 {} }, check: { true }) else { return false }
      let waited = monotonicNanoseconds() - start
      return waited >= patience && waited < 20 * patience
    }
    #expect(isBounded)
  }

  @Test func theChildEntersAndLeaves() {
    let works = forkBeside(
      { forked in while forked.load() == 0 { vdb_gate_safe_point() } },
      check: {
        // The fork happened inside; a fork of the child waits for nobody who exists no more.
        vdb_gate_leave(vdb_gate_enter())
        let start = monotonicNanoseconds()
        return inChild { monotonicNanoseconds() - start < patience }
      })
    #expect(works)
  }
}
