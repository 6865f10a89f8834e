import Support

/// One circuit breaker: when it opens, how long it stays open, and what closes it again.
///
/// Judged when a failure or a slow attempt comes in: opens when at least `minimum_calls` attempts are in the window and
/// `failure_rate` of them failed (or `slow_call_rate` were slow), or after `consecutive_failures` in a row with
/// `consecutive_duration` since the last success. Successes may be told in bulk and late (`absorb`), as long as that happens
/// before the next failure and when a part of the window ends.
///
/// Every change of state starts a new generation. What was permitted under an earlier one is ignored when it returns.
package struct CircuitBreakerStateMachine {
  /// Answer to an attempt that wants to start.
  package enum Permission: Equatable {
    /// Say how it went under this generation.
    case permitted(generation: UInt32)
    /// Refused; nanoseconds until asking again makes sense, where that is known.
    case refused(retryAfter: UInt64?)
  }

  /// What is known of one attempt when it ended.
  package struct Outcome {
    package let verdict: AttemptFailure.Kind.Verdict
    package let isSlow: Bool

    package init(_ verdict: AttemptFailure.Kind.Verdict, isSlow: Bool = false) {
      self.verdict = verdict
      self.isSlow = isSlow
    }
  }

  private enum Phase {
    case closed
    case open(until: UInt64)
    case halfOpen(permitted: Int, successes: Int)
  }

  private let settings: CircuitBreakerSettings
  private var phase = Phase.closed
  private var window: AttemptWindow
  private var lastSuccess: UInt64
  /// Held in that state by hand.
  package private(set) var forced: CircuitState?
  package private(set) var generation: UInt32 = 0
  package private(set) var consecutiveFailures = 0
  /// Openings since it was closed: how often the open time has doubled.
  package private(set) var openings = 0

  package init(_ settings: CircuitBreakerSettings, now: UInt64) {
    self.settings = settings
    window = AttemptWindow(settings, now: now)
    lastSuccess = now
    forced = settings.enabled ? nil : .closed
  }

  package var state: CircuitState {
    if let forced { return forced }
    switch phase {
    case .closed: return .closed
    case .open: return .open
    case .halfOpen: return .halfOpen
    }
  }

  /// When an open circuit will permit an attempt; nil in other states, and while it is open by hand.
  package var opensUntil: UInt64? {
    if forced == nil, case .open(let until) = phase { return until }
    return nil
  }

  /// When the present part of the window ends: successes up to then must be absorbed before later ones.
  package var endOfPart: UInt64 { window.endOfPart }

  /// Counts of the window as it stands.
  package var counts: (calls: Int, failures: Int, slow: Int) {
    (window.total.calls, window.total.failures, window.total.slow)
  }

  /// An attempt wants to start. An open circuit whose time is over becomes half-open here.
  package mutating func acquire(now: UInt64) -> Permission {
    if let forced { return forced == .open ? .refused(retryAfter: nil) : .permitted(generation: generation) }
    switch phase {
    case .closed:
      return .permitted(generation: generation)
    case .open(let until) where now < until:
      return .refused(retryAfter: until - now)
    case .open:
      enter(.halfOpen(permitted: 1, successes: 0))
      return .permitted(generation: generation)
    case .halfOpen(let permitted, let successes):
      guard permitted < settings.halfOpenCalls else { return .refused(retryAfter: nil) }
      phase = .halfOpen(permitted: permitted + 1, successes: successes)
      return .permitted(generation: generation)
    }
  }

  /// An attempt that was permitted has ended. `random` has 64 equally distributed bits.
  package mutating func record(_ outcome: Outcome, generation: UInt32, now: UInt64, random: UInt64) {
    guard generation == self.generation, forced == nil else { return }
    switch phase {
    case .closed: recordClosed(outcome, now: now, random: random)
    case .halfOpen(let permitted, let successes):
      phase = .halfOpen(permitted: max(permitted - 1, 0), successes: successes)
      recordHalfOpen(outcome, now: now, random: random)
    case .open: break
    }
  }

  /// `count` attempts succeeded in time since the last call of this, the latest at `latest`. Only a closed circuit counts.
  package mutating func absorb(_ count: Int, latest: UInt64, now: UInt64) {
    guard forced == nil, case .closed = phase else { return }
    if count > 0 {
      window.add(count)
      consecutiveFailures = 0
      lastSuccess = max(lastSuccess, latest)
    }
    window.advance(to: now)
  }

  /// Holds the circuit open or closed by hand; nil lets it follow its rules again, closed and with nothing remembered.
  package mutating func force(_ state: CircuitState?, now: UInt64) {
    forced = state == nil && !settings.enabled ? .closed : state
    close(now: now)
  }

  /// In a forked child: attempts that other threads of the parent had begun will not return here.
  package mutating func forgetPermitted() {
    if case .halfOpen(_, let successes) = phase { enter(.halfOpen(permitted: 0, successes: successes)) }
  }

  private mutating func recordClosed(_ outcome: Outcome, now: UInt64, random: UInt64) {
    guard outcome.verdict != .neither else { return }
    let failed = outcome.verdict == .failure
    let slow = outcome.isSlow && settings.slowCallDuration > .zero
    window.advance(to: now)
    window.add(1, failed: failed, slow: slow)
    if failed {
      consecutiveFailures += 1
    } else {
      consecutiveFailures = 0
      lastSuccess = max(lastSuccess, now)
    }
    if failed || slow, shouldOpen(now) { open(now: now, random: random) }
  }

  private mutating func recordHalfOpen(_ outcome: Outcome, now: UInt64, random: UInt64) {
    guard case .halfOpen(let permitted, let successes) = phase, outcome.verdict != .neither else { return }
    // A slow answer would bring back what opened the circuit.
    let slow = outcome.isSlow && settings.slowCallDuration > .zero
    if outcome.verdict == .failure || slow {
      open(now: now, random: random)
    } else if successes + 1 >= settings.halfOpenSuccesses {
      close(now: now)
    } else {
      phase = .halfOpen(permitted: permitted, successes: successes + 1)
    }
  }

  private func shouldOpen(_ now: UInt64) -> Bool {
    let counts = window.total
    let minimum = settings.window == .count ? min(settings.minimumCalls, settings.windowCalls) : settings.minimumCalls
    if counts.calls >= minimum {
      let calls = Double(counts.calls)
      if Double(counts.failures) >= settings.failureRate * calls, counts.failures > 0 { return true }
      if Double(counts.slow) >= settings.slowCallRate * calls, counts.slow > 0 { return true }
    }
    guard settings.consecutiveFailures > 0, consecutiveFailures >= settings.consecutiveFailures else { return false }
    return now >= lastSuccess && now - lastSuccess >= settings.consecutiveDuration.nanoseconds
  }

  private mutating func open(now: UInt64, random: UInt64) {
    openings += 1
    let doublings = Double(1 << min(openings - 1, 40))
    let length = min(
      Double(settings.openDuration.nanoseconds) * doublings, Double(settings.maxOpenDuration.nanoseconds))
    let spread = 0.9 + 0.2 * Double(random >> 11) * 0x1p-53
    enter(.open(until: now.addingClamped(UInt64(nanoseconds: length * spread))))
  }

  private mutating func close(now: UInt64) {
    openings = 0
    consecutiveFailures = 0
    lastSuccess = now
    window = AttemptWindow(settings, now: now)
    enter(.closed)
  }

  private mutating func enter(_ next: Phase) {
    phase = next
    generation &+= 1
  }
}
