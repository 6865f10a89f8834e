import Resilience
import Support

/// Runs `body(0) ..< body(count)` on as many threads at once, and returns when all have ended.
func runThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
  let lock = Lock()
  let ended = Condition(lock)
  nonisolated(unsafe) var running = count
  for thread in 0..<count {
    let isStarted = SystemEnvironment.shared.start("test") {
      body(thread)
      lock.withLock {
        running -= 1
        ended.broadcast()
      }
    }
    if !isStarted { lock.withLock { running -= 1 } }
  }
  lock.withLock { while running > 0 { ended.wait() } }
}
