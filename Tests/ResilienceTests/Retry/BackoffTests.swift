import Testing

@testable import Resilience

@Suite struct BackoffTests {
  private static let second: UInt64 = 1_000_000_000

  private func settings(
    _ growth: Backoff.Growth, _ jitter: Backoff.Jitter, multiplier: Double = 2, cap: Duration = .seconds(10)
  ) -> RetrySettings {
    var settings = RetrySettings()
    settings.backoff = growth
    settings.jitter = jitter
    settings.multiplier = multiplier
    settings.maxDelay = cap
    return settings
  }

  @Test(arguments: [(1, 0.1), (2, 0.2), (3, 0.4), (4, 0.8), (7, 6.4), (8, 10), (9, 10), (10_000, 10)])
  func growsByTheMultiplierUpToTheCap(number: Int, seconds: Double) {
    let backoff = Backoff(settings(.exponential, .none))
    let delay = backoff.delay(number, base: Self.second / 10, previous: 0, random: 12345)
    #expect(delay == UInt64(seconds * 1e9))
  }

  @Test func constantStaysAtTheBase() {
    let backoff = Backoff(settings(.constant, .none))
    let delays = (1...5).map { backoff.delay($0, base: Self.second, previous: 0, random: 99) }
    #expect(delays == Array(repeating: Self.second, count: 5))
  }

  /// Lowest and highest draw give the ends of the range, the middle one its middle.
  @Test(arguments: [
    (Backoff.Jitter.none, 4.0, 4.0), (.full, 0.0, 4.0), (.equal, 2.0, 4.0), (.decorrelated, 1.0, 6.0),
  ])
  func jitterSpreadsOverItsWholeRange(jitter: Backoff.Jitter, from: Double, to: Double) {
    // The third repetition at base 1 s; the wait before was 2 s.
    let backoff = Backoff(settings(.exponential, jitter))
    func delay(_ random: UInt64) -> Double {
      Double(backoff.delay(3, base: Self.second, previous: 2 * Self.second, random: random)) / 1e9
    }
    #expect(abs(delay(0) - from) < 1e-6)
    #expect(abs(delay(.max) - to) < 1e-6)
    #expect(abs(delay(1 << 63) - (from + to) / 2) < 1e-6)
  }

  @Test(arguments: Backoff.Jitter.allCases, Backoff.Growth.allCases)
  func neverExceedsTheCap(jitter: Backoff.Jitter, growth: Backoff.Growth) {
    let backoff = Backoff(settings(growth, jitter, multiplier: 10, cap: .seconds(3)))
    for number in [1, 2, 50, 1_000_000] {
      for random in [0, 1 << 63, UInt64.max] {
        let delay = backoff.delay(number, base: 7 * Self.second, previous: 3 * Self.second, random: random)
        #expect(delay <= 3 * Self.second)
      }
    }
  }

  @Test func decorrelatedStartsFromTheBase() {
    let backoff = Backoff(settings(.exponential, .decorrelated))
    #expect(backoff.delay(1, base: Self.second, previous: 0, random: 0) == Self.second)
    #expect(backoff.delay(1, base: Self.second, previous: 0, random: .max) <= 3 * Self.second)
  }

  @Test func noBaseIsNoWait() {
    for jitter in Backoff.Jitter.allCases {
      #expect(Backoff(settings(.exponential, jitter)).delay(5, base: 0, previous: 0, random: .max) == 0)
    }
  }
}
