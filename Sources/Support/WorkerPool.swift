import CSupport

/// Threads for parallel work inside one call: plain pthreads, made on first need, waiting when there is nothing to do.
///
/// There are never more than processors − 1; the caller is the missing one. Several callers share the threads. A run inside
/// a task happens on that task's thread alone, so nothing can wait in a circle. After fork the child makes its own threads.
package final class WorkerPool: @unchecked Sendable {
  /// The pool of the process.
  package static let shared = WorkerPool(helpers: Int(vdb_usable_processors()) - 1)

  private let lock = Lock(.leaf)
  private let work: Condition
  private let finished: Condition
  private let helperLimit: Int
  private var started = 0
  private var open: [Job] = []
  private var epoch = processEpoch

  /// A pool of at most `helpers` threads beside the caller's.
  package init(helpers: Int) {
    helperLimit = max(helpers, 0)
    work = Condition(lock)
    finished = Condition(lock)
  }

  /// Threads that can work on one run, the caller's among them.
  package var parallelism: Int { helperLimit + 1 }

  /// Runs `body(0) ..< body(tasks)`, each once, in any order, on up to `threads` threads, and returns when all have ended.
  ///
  /// `threads` ≤ 1, a single task, or a call from inside a task run on the calling thread. What tasks write is visible to
  /// the caller afterwards. A dispatch costs some microseconds, so tasks should take longer than that.
  package func run(tasks: Int, threads: Int, _ body: (Int) -> Void) {
    let helpers = min(threads, tasks, parallelism) - 1
    if helpers < 1 || vdb_thread_in_task() != 0 {
      for task in 0..<max(tasks, 0) { body(task) }
      return
    }
    withoutActuallyEscaping(body) { body in
      let job = Job(body: body, tasks: tasks, helpers: helpers)
      submit(job)
      vdb_thread_set_in_task(1)
      job.work()
      vdb_thread_set_in_task(0)
      complete(job)
      job.forget()
    }
  }

  private func submit(_ job: Job) {
    let one = job.helpersWanted == 1
    lock.withLock {
      if epoch != processEpoch { startAnew() }
      while started < helperLimit, started < job.helpersWanted, startThread() { started += 1 }
      if started > 0 { open.append(job) }
    }
    if one { work.signal() } else { work.broadcast() }
  }

  /// Takes the job off the list and waits for the threads still inside it.
  private func complete(_ job: Job) {
    lock.withLock {
      open.removeAll { $0 === job }
      while job.helpersInside > 0 { finished.wait() }
    }
  }

  /// In a forked child: no thread came along, and the jobs of other threads will never end. Their objects are left as they
  /// are, for what they refer to lived on those threads.
  private func startAnew() {
    for job in open { _ = Unmanaged.passRetained(job) }
    open = []
    started = 0
    epoch = processEpoch
  }

  private func startThread() -> Bool {
    guard isMemoryAvailable(threadAddressSpace) else { return false }
    let unmanaged = Unmanaged.passRetained(self)
    let refused = vdb_thread_start(
      { pool in
        guard let pool else { return }
        Unmanaged<WorkerPool>.fromOpaque(pool).takeRetainedValue().serve()
      }, unmanaged.toOpaque(), "vectordb-worker")
    if refused != 0 { unmanaged.release() }
    return refused == 0
  }

  /// A helper's life.
  private func serve() {
    vdb_thread_set_in_task(1)
    while true {
      let job = lock.withLock { nextJob() }
      job.work()
      lock.withLock {
        job.helpersInside -= 1
        if job.helpersInside == 0 { finished.broadcast() }
      }
    }
  }

  private func nextJob() -> Job {
    while true {
      if let job = open.first(where: { $0.helpersWanted > 0 }) {
        job.helpersWanted -= 1
        job.helpersInside += 1
        return job
      }
      work.wait()
    }
  }
}

/// Address space of a thread, in bytes: its stack, and what the C library sets aside for allocations of a new thread.
/// Without it even the smallest ones fail there, though there may be room for them on the caller's thread.
package let threadAddressSpace = 130 << 20

/// One run: tasks not yet taken, and who is at it.
private final class Job: @unchecked Sendable {
  private var body: ((Int) -> Void)?
  private let tasks: Int
  private let next = AtomicWord(0)
  /// Helpers that may still join. Under the pool's lock, as `helpersInside`.
  var helpersWanted: Int
  var helpersInside = 0

  init(body: @escaping (Int) -> Void, tasks: Int, helpers: Int) {
    self.body = body
    self.tasks = tasks
    helpersWanted = helpers
  }

  /// Takes tasks until none is left.
  func work() {
    guard let body else { return }
    while true {
      let task = next.add(1)
      if task >= UInt64(tasks) { return }
      body(Int(task))
    }
  }

  /// Drops the body, which must not outlive the run; the last helper may hold the job a little longer.
  func forget() { body = nil }
}
