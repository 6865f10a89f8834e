import Support

/// Watches how calls end and says how the backend is. Recording takes no lock but once in a slice of the window.
package final class HealthMonitor: @unchecked Sendable {
  private let words = StripedWords()
  private enum Word: Int { case good, bad, strained, lastGood, lastBad }
  /// When the estimator wants to see the totals again.
  private let nextSample = AtomicWord(0)
  private let lock = Lock(.leaf)
  @exclusivity(unchecked) private var estimator: HealthEstimator

  /// Settings must be checked.
  package init(_ settings: HealthSettings) { estimator = HealthEstimator(settings) }

  /// A call, or a probe, ended at `now`.
  package func record(_ outcome: CallOutcome, at now: UInt64) {
    guard let sign = outcome.healthSign else { return }
    if now >= nextSample.load() {
      let totals = self.totals
      lock.withLock { nextSample.store(estimator.sample(totals, at: now)) }
    }
    switch sign {
    case .good:
      words.add(Word.good.rawValue)
      words.store(Word.lastGood.rawValue, now)
    case .bad:
      words.add(Word.bad.rawValue)
      words.store(Word.lastBad.rawValue, now)
    case .strained:
      words.add(Word.strained.rawValue)
    }
  }

  /// How the backend is at `now`. Touches no network; some hundred nanoseconds.
  package func assess(_ circuits: CircuitStates, at now: UInt64) -> HealthAssessment {
    let totals = self.totals
    return lock.withLock { estimator.assess(totals, circuits, at: now) }
  }

  private var totals: HealthTotals {
    var totals = HealthTotals()
    totals.good = words.sum(Word.good.rawValue)
    totals.bad = words.sum(Word.bad.rawValue)
    totals.strained = words.sum(Word.strained.rawValue)
    totals.lastGood = words.maximum(Word.lastGood.rawValue)
    totals.lastBad = words.maximum(Word.lastBad.rawValue)
    return totals
  }
}

extension CallOutcome {
  /// What the end of a call says about the backend.
  package enum HealthSign: Sendable, Equatable { case good, bad, strained }

  /// Nil when it says nothing: the caller gave up, or the library did not ask.
  package var healthSign: HealthSign? {
    switch self {
    case .success, .partial, .refused: .good
    case .unavailable, .circuitOpen, .error: .bad
    case .throttled, .timeout: .strained
    case .cancelled, .overloaded: nil
    }
  }
}
