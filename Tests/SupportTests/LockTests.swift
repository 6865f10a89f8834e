import Support
import Testing

@Suite struct LockTests {
  @Test func keepsThreadsApart() {
    let lock = Lock()
    nonisolated(unsafe) var total = 0
    WorkerPool(helpers: 3).run(tasks: 8, threads: 4) { _ in
      for _ in 0..<10_000 { lock.withLock { total += 1 } }
    }
    #expect(total == 80_000)
  }

  @Test func aMillionComeAndGoInLittleTime() {
    let start = monotonicNanoseconds()
    for _ in 0..<1_000_000 { Lock(.namespace).withLock {} }
    // A list walk at each end, or memory that is not used again, would take minutes.
    #expect(monotonicNanoseconds() - start < 5_000_000_000)
  }

  @Test func errorsPassThrough() {
    struct Refused: Error, Equatable {}
    let lock = Lock()
    #expect(throws: Refused()) { try lock.withLock { throw Refused() } }
    #expect(lock.withLock { 7 } == 7)
  }

  @Test func conditionTimesOut() {
    let lock = Lock()
    let condition = Condition(lock)
    let start = monotonicNanoseconds()
    let woken = lock.withLock { condition.wait(until: start + 20_000_000) }
    #expect(!woken)
    #expect(monotonicNanoseconds() - start >= 20_000_000)
  }
}
