/// What calls said about the backend since the beginning.
package struct HealthTotals: Sendable, Equatable {
  /// The backend served it, or refused it with reason.
  package var good: UInt64 = 0
  /// The backend failed it, or was not asked because its circuit is open.
  package var bad: UInt64 = 0
  /// The backend works, but not as it should: throttled, or too late.
  package var strained: UInt64 = 0
  /// Time of the last good and of the last bad one, nanoseconds; 0 = none.
  package var lastGood: UInt64 = 0
  package var lastBad: UInt64 = 0

  package init() {}
}

/// Judges health from recent calls and from the breakers. Pure: totals and times come in.
///
/// It is shown the totals when a call ends and a slice of the window has passed since it last was; from what it saw it knows
/// what belongs to the window, to within a slice.
package struct HealthEstimator {
  private static let slices: UInt64 = 12
  /// Failures without any success in the window that mean down: fewer may be chance.
  private static let enoughToBeDown: UInt64 = 3

  private let window: UInt64
  private let slice: UInt64
  private let settings: HealthSettings
  /// Totals before everything that came at that time or later, oldest first.
  private var samples: [(time: UInt64, totals: HealthTotals)] = []

  /// Settings must be checked.
  package init(_ settings: HealthSettings) {
    self.settings = settings
    window = settings.window.nanoseconds
    slice = window / Self.slices
  }

  /// Shows it the totals before a call that ends at `now`; returns when it wants to see them again.
  package mutating func sample(_ totals: HealthTotals, at now: UInt64) -> UInt64 {
    if let last = samples.last, now < end(of: last.time) { return end(of: last.time) }
    samples.append((now, totals))
    if samples.count > Int(Self.slices) + 2 { samples.removeFirst() }
    return end(of: now)
  }

  /// The state of health at `now`.
  package func assess(_ totals: HealthTotals, _ circuits: CircuitStates, at now: UInt64) -> HealthAssessment {
    let before = totalsBeforeWindow(totals, at: now)
    let good = totals.good &- before.good
    let bad = totals.bad &- before.bad
    let strained = totals.strained &- before.strained
    let (status, reason) = judge(good, bad, strained, circuits, totals)
    func age(_ time: UInt64) -> UInt64? { time == 0 ? nil : now > time ? now - time : 0 }
    return HealthAssessment(
      status: status, reason: reason, calls: good &+ bad &+ strained, failures: bad &+ strained,
      lastSuccessAge: age(totals.lastGood), lastFailureAge: age(totals.lastBad))
  }

  private func judge(
    _ good: UInt64, _ bad: UInt64, _ strained: UInt64, _ circuits: CircuitStates, _ totals: HealthTotals
  ) -> (HealthStatus, HealthAssessment.Reason) {
    let calls = good &+ bad &+ strained
    let failures = bad &+ strained
    if circuits.read == .open { return (.down, .circuitOpen) }
    if good == 0, bad >= Self.enoughToBeDown { return (.down, .everyCallFailed) }
    if circuits.worst == .open { return (.degraded, .circuitOpen) }
    if circuits.worst == .halfOpen { return (.degraded, .circuitHalfOpen) }
    if calls == 0 {
      if totals.lastGood > totals.lastBad { return (.ok, .idle) }
      return (.unknown, .noCalls)
    }
    if good == 0 { return (.degraded, .everyCallFailed) }
    if calls >= UInt64(clamping: settings.minCalls), Double(failures) >= settings.degradedRate * Double(calls) {
      return (.degraded, .manyFailures)
    }
    return (.ok, .working)
  }

  /// Calls counted between two samples came within a slice of the first: later ones would have made a sample themselves.
  private func totalsBeforeWindow(_ totals: HealthTotals, at now: UInt64) -> HealthTotals {
    let start = now > window ? now - window : 0
    guard let last = samples.last else { return HealthTotals() }
    if end(of: last.time) <= start { return totals }
    let inside = samples.first { end(of: $0.time) > start }
    return inside?.totals ?? HealthTotals()
  }

  private func end(of time: UInt64) -> UInt64 {
    let (sum, overflow) = time.addingReportingOverflow(slice)
    return overflow ? .max : sum
  }
}
