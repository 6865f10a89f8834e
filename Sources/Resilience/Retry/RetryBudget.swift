import Support

/// A bucket of tokens that repetitions of all calls to an endpoint are paid from.
///
/// While the backend mostly answers, successes keep it full. When it does not, the bucket empties after some hundred
/// repetitions, and from then on calls fail at their first attempt instead of multiplying the load.
package struct RetryBudgetStateMachine: Equatable, Sendable {
  package let capacity: Int
  package private(set) var tokens: Int

  package init(capacity: Int, tokens: Int) {
    self.capacity = max(capacity, 0)
    self.tokens = min(max(tokens, 0), self.capacity)
  }

  /// Takes that many, or none when there are fewer.
  package mutating func take(_ cost: Int) -> Bool {
    guard cost >= 0, cost <= tokens, capacity > 0 else { return false }
    tokens -= cost
    return true
  }

  /// Puts tokens back, up to the capacity.
  package mutating func giveBack(_ count: Int) {
    tokens += min(max(count, 0), capacity - tokens)
  }
}

/// The bucket of one endpoint, shared by all threads without a lock. A success while it is full costs one load.
package final class RetryBudget: Sendable {
  package let settings: RetryBudgetSettings
  private let capacity: Int
  private let tokens: AtomicWord

  /// A full bucket.
  package init(_ settings: RetryBudgetSettings) {
    self.settings = settings
    capacity = max(settings.capacity, 0)
    tokens = AtomicWord(UInt64(capacity))
  }

  /// Tokens in the bucket.
  package var level: Int { Int(clamping: tokens.load()) }

  /// Pays for a repetition; false when the bucket does not hold that much.
  package func take(_ cost: Int) -> Bool { change { $0.take(cost) } }

  /// Pays for a hedge.
  package func takeForHedge() -> Bool { take(settings.retryCost) }

  /// A call succeeded at its first attempt.
  package func succeededAtOnce() { giveBack(settings.successReturn) }

  /// Returns what a repetition took that succeeded.
  package func giveBack(_ count: Int) {
    if level < capacity { change { $0.giveBack(count) } }
  }

  /// Applies a step of the state machine; repeated when another thread was faster.
  @discardableResult
  private func change<Result>(_ step: (inout RetryBudgetStateMachine) -> Result) -> Result {
    while true {
      let before = tokens.load()
      var machine = RetryBudgetStateMachine(capacity: capacity, tokens: Int(clamping: before))
      let result = step(&machine)
      let after = UInt64(machine.tokens)
      if before == after || tokens.exchange(before, for: after) { return result }
    }
  }
}
