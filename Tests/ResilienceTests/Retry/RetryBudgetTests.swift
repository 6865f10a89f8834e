import Support
import Testing

@testable import Resilience

@Suite struct RetryBudgetTests {
  @Test func repetitionsEmptyItAndSuccessesFillItAgain() {
    let budget = RetryBudget(RetryBudgetSettings())
    var paid = 0
    while budget.take(5) { paid += 1 }
    #expect(paid == 100)
    #expect(budget.level == 0)
    for _ in 0..<4 { budget.succeededAtOnce() }
    #expect(!budget.take(5))
    budget.succeededAtOnce()
    #expect(budget.take(5))
    #expect(!budget.take(1))
  }

  @Test func neverHoldsMoreThanItsCapacity() {
    let budget = RetryBudget(RetryBudgetSettings())
    for _ in 0..<10 { budget.giveBack(1000) }
    #expect(budget.level == 500)
    #expect(budget.take(10))
    budget.giveBack(.max)
    #expect(budget.level == 500)
    budget.giveBack(-5)
    #expect(budget.level == 500)
  }

  @Test func anEmptyBucketForbidsEverything() {
    var settings = RetryBudgetSettings()
    settings.capacity = 0
    settings.retryCost = 0
    let budget = RetryBudget(settings)
    #expect(!budget.take(0))
    #expect(!budget.takeForHedge())
  }

  @Test func negativeCostsBuyNothing() {
    #expect(!RetryBudget(RetryBudgetSettings()).take(-1))
  }

  /// Tokens neither appear nor get lost between threads: taken − given back = what is missing.
  @Test func threadsNeverOverdrawIt() {
    var settings = RetryBudgetSettings()
    settings.capacity = 1000
    let budget = RetryBudget(settings)
    let taken = AtomicWord(0)
    let given = AtomicWord(0)
    runThreads(4) { thread in
      for step in 0..<20_000 {
        if (step + thread) % 2 == 0 {
          if budget.take(3) { taken.add(3) }
        } else if taken.load() > given.load() + 200 {
          given.add(1)
          budget.giveBack(1)
        }
      }
    }
    #expect(UInt64(budget.level) == 1000 + given.load() - taken.load())
  }
}
