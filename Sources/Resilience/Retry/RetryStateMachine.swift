import Support

/// The attempts of one request: counts them and says after each failure whether another one follows, and when.
package struct RetryStateMachine {
  /// What follows a failed attempt.
  package enum Decision: Equatable {
    /// Wait that many nanoseconds, pay `cost` tokens, try again.
    case retry(after: UInt64, cost: Int)
    /// No: `refusal` says why although the failure is transient, nil when it is not.
    case stop(RetryRefusal?)
  }

  /// What the decision needs to know of a failure.
  package struct Failed {
    package let kind: AttemptFailure.Kind
    package let mayHaveApplied: Bool
    package let retryAfter: UInt64?

    package init(_ kind: AttemptFailure.Kind, mayHaveApplied: Bool = false, retryAfter: UInt64? = nil) {
      self.kind = kind
      self.mayHaveApplied = mayHaveApplied
      self.retryAfter = retryAfter
    }
  }

  private let limit: Int
  private let isIdempotent: Bool
  /// Attempts begun.
  package private(set) var attempts = 0
  /// Whether any of them may have changed something.
  package private(set) var mayHaveApplied = false
  /// What the last repetition took from the budget: given back when it succeeds.
  package private(set) var lastCost = 0
  private var previousDelay: UInt64 = 0

  package init(_ kind: RequestKind, _ settings: RetrySettings) {
    limit = settings.attemptLimit(kind.requestClass)
    isIdempotent = kind.isIdempotent
  }

  /// An attempt begins.
  package mutating func attemptStarted() { attempts += 1 }

  /// The attempt goes on over another connection, after it may have changed something over the first.
  package mutating func reopened(mayHaveApplied: Bool) {
    if mayHaveApplied { self.mayHaveApplied = true }
  }

  /// The attempt failed at time `now`; `random` has 64 equally distributed bits.
  package mutating func attemptFailed(
    _ failed: Failed, now: UInt64, deadline: UInt64?, random: UInt64, rules: RetryRules
  ) -> Decision {
    if failed.mayHaveApplied { mayHaveApplied = true }
    guard failed.kind.isTransient else { return .stop(nil) }
    guard isIdempotent || !failed.mayHaveApplied else { return .stop(.notIdempotent) }
    guard attempts < limit else { return .stop(.attemptLimit) }

    let delay = wait(after: failed, random: random, rules)
    guard let delay, fits(delay, now, deadline) else { return .stop(.deadline) }
    previousDelay = delay
    lastCost = failed.kind == .timedOut ? rules.timeoutCost : rules.retryCost
    return .retry(after: delay, cost: lastCost)
  }

  /// Nil when the backend asks for more than is allowed.
  private func wait(after failed: Failed, random: UInt64, _ rules: RetryRules) -> UInt64? {
    if let asked = failed.retryAfter {
      guard asked <= rules.maxRetryAfter else { return nil }
      // All callers were told the same moment; up to a tenth more keeps them from coming at once.
      return asked.addingClamped(UInt64(nanoseconds: Double(asked) / 10 * Double(random >> 11) * 0x1p-53))
    }
    let base = failed.kind == .throttled ? rules.throttleBase : rules.base
    return rules.backoff.delay(attempts, base: base, previous: previousDelay, random: random)
  }

  private func fits(_ delay: UInt64, _ now: UInt64, _ deadline: UInt64?) -> Bool {
    guard let deadline else { return true }
    return now < deadline && delay < deadline - now
  }
}

/// Settings in the units decisions are made in, converted once.
package struct RetryRules: Sendable {
  package let backoff: Backoff
  /// Nanoseconds, as the other times.
  package let base: UInt64
  package let throttleBase: UInt64
  package let maxRetryAfter: UInt64
  /// Tokens.
  package let retryCost: Int
  package let timeoutCost: Int

  package init(_ settings: RetrySettings, _ budget: RetryBudgetSettings) {
    backoff = Backoff(settings)
    base = settings.baseDelay.nanoseconds
    throttleBase = settings.throttleBaseDelay.nanoseconds
    maxRetryAfter = settings.maxRetryAfter.nanoseconds
    retryCost = budget.retryCost
    timeoutCost = budget.timeoutCost
  }
}
