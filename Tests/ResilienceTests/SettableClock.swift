import Support

@testable import Resilience

/// The system with a clock that stands still until a test moves it. Waits with a deadline are not for it.
final class SettableClock: Environment {
  private let time: AtomicWord

  init(_ time: UInt64 = 1_000_000_000_000) { self.time = AtomicWord(time) }

  func advance(_ duration: Duration) { time.add(duration.nanoseconds) }

  func now() -> UInt64 { time.load() }
  func random() -> UInt64 { SystemEnvironment.shared.random() }
  func makeParking() -> any Parking { SystemEnvironment.shared.makeParking() }
  func start(_ name: StaticString, _ body: @escaping @Sendable () -> Void) -> Bool {
    SystemEnvironment.shared.start(name, body)
  }
}

/// Runs `body(0) ..< body(count)` on as many threads at once and returns when all have ended.
func onThreads(_ count: Int, _ body: (Int) -> Void) {
  WorkerPool(helpers: count - 1).run(tasks: count, threads: count, body)
}

/// Waits until something is so; false when it does not happen within ten seconds.
func eventually(_ condition: () -> Bool) -> Bool {
  let end = monotonicNanoseconds() + 10_000_000_000
  while monotonicNanoseconds() < end {
    if condition() { return true }
    _ = SystemEnvironment.shared.makeParking().park(until: monotonicNanoseconds() + 200_000, cancel: nil)
  }
  return false
}
