@testable import Resilience

/// The breaker's rule as the documents tell it, without any cleverness: it keeps every outcome and looks through all.
struct NaiveBreaker {
  private enum State {
    case closed
    case open(since: UInt64)
    case halfOpen
  }

  private let settings: CircuitBreakerSettings
  private var state = State.closed
  /// Since it was closed last.
  private var outcomes: [(time: UInt64, failed: Bool)] = []
  private var lastSuccess: UInt64
  private var openings = 0
  private var permitted = 0
  private var successes = 0
  /// Outcomes of attempts permitted before the last change of state do not count.
  private(set) var changes = 0

  init(_ settings: CircuitBreakerSettings, now: UInt64) {
    self.settings = settings
    lastSuccess = now
  }

  var isClosed: Bool {
    if case .closed = state { return true }
    return false
  }

  /// Whether an attempt may be permitted; nil where chance decides.
  func permits(_ now: UInt64) -> Bool? {
    switch state {
    case .closed: return true
    case .open(let since):
      let doubled = (1..<max(openings, 1)).reduce(settings.openDuration) { length, _ in length * 2 }
      let length = min(doubled, settings.maxOpenDuration).nanoseconds
      let passed = now - since
      // A nanosecond for rounding.
      if passed + 1 < length / 10 * 9 { return false }
      return passed > length / 10 * 11 + 1 ? true : nil
    case .halfOpen: return permitted < settings.halfOpenCalls
    }
  }

  mutating func attemptPermitted() {
    if case .open = state { become(.halfOpen) }
    if case .halfOpen = state { permitted += 1 }
  }

  /// An attempt ended that was permitted after `changes` changes of state; nil where its end says nothing.
  mutating func attemptEnded(failed: Bool?, _ changes: Int, _ now: UInt64) {
    guard changes == self.changes else { return }
    switch state {
    case .open: break
    case .closed:
      guard let failed else { return }
      outcomes.append((now, failed))
      if !failed { lastSuccess = now }
      if failed, mustOpen(now) { open(now) }
    case .halfOpen:
      permitted -= 1
      guard let failed else { return }
      if failed { return open(now) }
      successes += 1
      if successes == settings.halfOpenSuccesses { close(now) }
    }
  }

  private func mustOpen(_ now: UInt64) -> Bool {
    let seen: [(time: UInt64, failed: Bool)]
    switch settings.window {
    case .count: seen = outcomes.suffix(settings.windowCalls)
    case .time:
      // Counted in thirtieths: the present one, which has just begun or is nearly over, and 29 before.
      let part = settings.windowDuration.nanoseconds / 30
      let from = now / part < 29 ? 0 : (now / part - 29) * part
      seen = outcomes.filter { $0.time >= from }
    }
    let failures = seen.filter(\.failed).count
    let minimum = settings.window == .count ? min(settings.minimumCalls, settings.windowCalls) : settings.minimumCalls
    if seen.count >= minimum, Double(failures) >= settings.failureRate * Double(seen.count) { return true }
    let inARow = outcomes.reversed().prefix { $0.failed }.count
    return inARow >= settings.consecutiveFailures && now - lastSuccess >= settings.consecutiveDuration.nanoseconds
  }

  private mutating func open(_ now: UInt64) {
    openings += 1
    become(.open(since: now))
  }

  private mutating func close(_ now: UInt64) {
    openings = 0
    outcomes = []
    lastSuccess = now
    become(.closed)
  }

  private mutating func become(_ next: State) {
    state = next
    changes += 1
    permitted = 0
    successes = 0
  }
}
