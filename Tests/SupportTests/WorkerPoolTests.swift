import CSupport
import Glibc
import Support
import Testing

@Suite struct WorkerPoolTests {
  @Test(arguments: [(0, 4), (1, 4), (2, 2), (1000, 1), (1000, 4), (1000, 100)])
  func runsEachTaskOnce(tasks: Int, threads: Int) {
    let pool = WorkerPool(helpers: 3)
    let counts = (0..<max(tasks, 1)).map { _ in AtomicWord(0) }
    pool.run(tasks: tasks, threads: threads) { counts[$0].add(1) }
    #expect(counts.prefix(tasks).allSatisfy { $0.load() == 1 })
  }

  @Test func usesSeveralThreads() {
    let pool = WorkerPool(helpers: 2)
    let lock = Lock()
    nonisolated(unsafe) var threads: Set<UInt> = []
    let arrived = AtomicWord(0)
    // Each task waits until all three are being run: one thread alone would hang until the limit.
    pool.run(tasks: 3, threads: 3) { _ in
      arrived.add(1)
      lock.withLock { _ = threads.insert(UInt(pthread_self())) }
      let limit = monotonicNanoseconds() + 5_000_000_000
      while arrived.load() < 3, monotonicNanoseconds() < limit { sched_yield() }
    }
    #expect(threads.count == 3)
  }

  @Test func aRunInsideATaskStaysOnItsThread() {
    let pool = WorkerPool(helpers: 2)
    let strays = AtomicWord(0)
    pool.run(tasks: 4, threads: 3) { _ in
      let outer = pthread_self()
      pool.run(tasks: 10, threads: 3) { _ in
        if pthread_equal(outer, pthread_self()) == 0 { strays.add(1) }
      }
    }
    #expect(strays.load() == 0)
  }

  @Test func servesSeveralCallersAtOnce() {
    let pool = WorkerPool(helpers: 2)
    let callers = WorkerPool(helpers: 3)
    let total = AtomicWord(0)
    for _ in 0..<50 {
      callers.run(tasks: 4, threads: 4) { _ in
        // These threads count as inside a task: let them be callers of their own.
        vdb_thread_set_in_task(0)
        pool.run(tasks: 20, threads: 3) { _ in total.add(1) }
        vdb_thread_set_in_task(1)
      }
    }
    #expect(total.load() == 50 * 4 * 20)
  }

  @Test func helpersLetNoSignalIn() {
    let pool = WorkerPool(helpers: 1)
    let main = pthread_self()
    let unblocked = AtomicWord(0)
    let arrived = AtomicWord(0)
    pool.run(tasks: 2, threads: 2) { _ in
      arrived.add(1)
      let limit = monotonicNanoseconds() + 5_000_000_000
      while arrived.load() < 2, monotonicNanoseconds() < limit { sched_yield() }
      if pthread_equal(main, pthread_self()) != 0 { return }
      var mask = sigset_t()
      pthread_sigmask(SIG_BLOCK, nil, &mask)
      for signal in [SIGINT, SIGTERM, SIGALRM, SIGCHLD] where sigismember(&mask, signal) == 0 { unblocked.add(1) }
    }
    #expect(arrived.load() == 2)
    #expect(unblocked.load() == 0)
  }
}
