import Support

/// Does something again and again on a thread of the library until it is stopped: probing by option.
///
/// Stopping never waits: what is under way is cancelled and ends by itself. The thread holds on to `body` alone, so `body`
/// must not own what it probes.
package final class PeriodicProbe: @unchecked Sendable {
  private let interval: UInt64
  private let timeout: UInt64
  private let environment: any Environment
  private let body: @Sendable (CallContext) -> Bool
  private let stop = CancelToken()
  private let lock = Lock(.leaf)
  /// Process epoch in which the thread runs; nil without one.
  @exclusivity(unchecked) private var runningIn: UInt64?

  /// - Parameter body: one probe, within the context it is given; false ends the series.
  package init(
    interval: Duration, timeout: Duration, environment: any Environment,
    body: @escaping @Sendable (CallContext) -> Bool
  ) {
    self.interval = interval.nanoseconds
    self.timeout = timeout.nanoseconds
    self.environment = environment
    self.body = body
  }

  deinit { stop.cancel() }

  /// Starts the thread unless there is one. In a forked child there is none: call it again there. False when the system
  /// refuses.
  package func start() -> Bool {
    let needed = lock.withLock { () -> Bool in
      if runningIn == processEpoch { return false }
      runningIn = processEpoch
      return true
    }
    if !needed || stop.isCancelled { return true }
    let (interval, timeout, environment, body, stop) = (interval, timeout, environment, body, stop)
    let started = environment.start("vectordb-probe") {
      let parking = environment.makeParking()
      while true {
        // Up to a tenth earlier or later, so that many databases do not probe in step.
        let pause = interval - interval / 10 + environment.random() % max(interval / 5, 1)
        if parking.park(until: environment.now() &+ pause, cancel: stop) == .cancelled { return }
        if !body(CallContext(deadline: environment.now() &+ timeout, cancel: stop)) { return }
      }
    }
    if !started { lock.withLock { runningIn = nil } }
    return started
  }

  /// Ends it for good.
  package func cancel() { stop.cancel() }
}
