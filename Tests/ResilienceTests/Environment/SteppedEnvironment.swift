import Resilience
import Support

/// A world for one thread: its clock moves when somebody waits, or by hand.
final class SteppedEnvironment: Environment, @unchecked Sendable {
  private(set) var time: UInt64 = 1_000_000_000_000
  /// Ends of all waits, relative to their beginnings.
  private(set) var waits: [UInt64] = []
  /// What `random` gives; the highest number makes full jitter wait the whole delay.
  var chance: UInt64 = .max
  /// Called when somebody is about to wait.
  var onWait: (() -> Void)?

  func now() -> UInt64 { time }
  func random() -> UInt64 { chance }
  func makeParking() -> any Parking { SteppedParking(self) }
  func start(_ name: StaticString, _ body: @escaping @Sendable () -> Void) -> Bool { false }

  func advance(_ duration: Duration) { time += duration.nanoseconds }

  fileprivate func wait(until deadline: UInt64) {
    waits.append(deadline > time ? deadline - time : 0)
    onWait?()
    time = max(time, deadline)
  }
}

/// Waits by moving the clock.
private final class SteppedParking: Parking {
  private let environment: SteppedEnvironment

  init(_ environment: SteppedEnvironment) { self.environment = environment }

  func park(until deadline: UInt64?, cancel: CancelToken?) -> WakeReason {
    if cancel?.isCancelled == true { return .cancelled }
    // Without a deadline nobody would ever wake this thread: an hour shows up in the test.
    environment.wait(until: deadline ?? environment.time + 3_600_000_000_000)
    return cancel?.isCancelled == true ? .cancelled : .deadlineReached
  }

  func wake() {}
}
