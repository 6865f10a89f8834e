import Support

/// What the attempts to one endpoint came to, counted without a lock.
package final class AttemptCounters: Sendable {
  private enum Word {
    static let attempts = 0
    static let successes = 1
    static let circuitRefusals = 2
    static let reopened = 3
  }

  /// The two that every attempt counts, and two more.
  private let striped = StripedWords()
  private let failures = AttemptFailure.Kind.allCases.map { _ in AtomicWord(0) }
  private let retries = AttemptFailure.Kind.allCases.map { _ in AtomicWord(0) }
  private let refusals = RetryRefusal.allCases.map { _ in AtomicWord(0) }
  /// By class, then by the state that was entered.
  private let transitions = (0..<9).map { _ in AtomicWord(0) }

  package init() {}

  func attemptStarted() { striped.add(Word.attempts) }
  func attemptSucceeded() { striped.add(Word.successes) }
  func circuitRefused() { striped.add(Word.circuitRefusals) }
  func connectionReopened() { striped.add(Word.reopened) }
  func attemptFailed(_ kind: AttemptFailure.Kind) { failures[kind.rawValue].add(1) }
  func attemptRetried(after kind: AttemptFailure.Kind) { retries[kind.rawValue].add(1) }
  func retryRefused(_ refusal: RetryRefusal) { refusals[refusal.rawValue].add(1) }

  func breakerChanged(_ change: BreakerChange) {
    transitions[change.requestClass.rawValue * 3 + change.to.rawValue].add(1)
  }

  /// All numbers as they stand; each is exact, but they are not read at one moment.
  package var statistics: AttemptStatistics {
    AttemptStatistics(
      attempts: striped.sum(Word.attempts), successes: striped.sum(Word.successes),
      circuitRefusals: striped.sum(Word.circuitRefusals), reopened: striped.sum(Word.reopened),
      failures: failures.map { $0.load() }, retries: retries.map { $0.load() }, refusals: refusals.map { $0.load() },
      transitions: transitions.map { $0.load() })
  }
}

/// A reading of `AttemptCounters`. Numbers since the endpoint was made.
package struct AttemptStatistics: Sendable, Equatable {
  /// Requests sent, or tried to be, repetitions among them.
  package let attempts: UInt64
  /// Attempts that were answered as asked.
  package let successes: UInt64
  /// Attempts an open circuit did not let start; not among `attempts`.
  package let circuitRefusals: UInt64
  /// Dead connections of the pool that were replaced without counting as an attempt.
  package let reopened: UInt64
  fileprivate let failures: [UInt64]
  fileprivate let retries: [UInt64]
  fileprivate let refusals: [UInt64]
  fileprivate let transitions: [UInt64]

  /// Attempts that failed in that way; throttles are those of `.throttled`.
  package func failures(_ kind: AttemptFailure.Kind) -> UInt64 { failures[kind.rawValue] }

  /// Repetitions by what made them necessary.
  package func retries(after kind: AttemptFailure.Kind) -> UInt64 { retries[kind.rawValue] }

  /// Transient failures that were not repeated, by reason.
  package func refusals(_ reason: RetryRefusal) -> UInt64 { refusals[reason.rawValue] }

  /// How often the breaker of a class entered a state.
  package func transitions(_ requestClass: RequestClass, to state: CircuitState) -> UInt64 {
    transitions[requestClass.rawValue * 3 + state.rawValue]
  }

  package var allFailures: UInt64 { failures.reduce(0, &+) }
  package var allRetries: UInt64 { retries.reduce(0, &+) }
}
