/// How much repeating an endpoint is asked to bear beyond the calls themselves: options `resilience.retry_budget.*`.
package struct RetryBudgetSettings: Sendable, Equatable {
  /// `capacity`: tokens of a full bucket, 0 to 1000000, default 500; 0 forbids every repetition and hedge.
  package var capacity = 500
  /// `retry_cost`: tokens a repetition or a hedge takes, 0 to 1000000, default 5.
  package var retryCost = 5
  /// `timeout_cost`: tokens a repetition takes after a timeout, 0 to 1000000, default 10: it cost the backend more.
  package var timeoutCost = 10
  /// `success_return`: tokens that come back with a call that succeeds at its first attempt, 0 to 1000000, default 1. One that
  /// succeeds after repetitions returns what its last one took.
  package var successReturn = 1

  package init() {}

  /// Refuses what is out of range.
  package func check() throws(SettingsError) {
    let range = 0...1_000_000
    try SettingsCheck.integer("resilience.retry_budget.capacity", capacity, range)
    try SettingsCheck.integer("resilience.retry_budget.retry_cost", retryCost, range)
    try SettingsCheck.integer("resilience.retry_budget.timeout_cost", timeoutCost, range)
    try SettingsCheck.integer("resilience.retry_budget.success_return", successReturn, range)
  }
}
