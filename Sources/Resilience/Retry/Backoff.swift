import Glibc

/// How long to wait before an attempt is repeated.
///
/// Without chance, callers that failed together come back together and fail again; full jitter spreads them best and is
/// the default. Formulas after Brooker, "Exponential Backoff And Jitter" (2015).
package struct Backoff: Sendable, Equatable {
  /// How waits grow from one repetition to the next.
  package enum Growth: String, CaseIterable, Sendable {
    case constant
    case exponential
  }

  /// How much chance is in a wait; `d` is what growth says.
  package enum Jitter: String, CaseIterable, Sendable {
    /// d.
    case none
    /// 0 to d.
    case full
    /// d/2 to d.
    case equal
    /// From the base to three times the wait before, whatever growth says.
    case decorrelated
  }

  private let growth: Growth
  private let jitter: Jitter
  private let multiplier: Double
  /// Nanoseconds.
  private let cap: Double

  package init(_ settings: RetrySettings) {
    growth = settings.backoff
    jitter = settings.jitter
    multiplier = settings.multiplier
    cap = Double(settings.maxDelay.nanoseconds)
  }

  /// Nanoseconds before repetition `number`, from 1 on. `previous` is the wait before the last one, 0 for none; `random` has
  /// 64 equally distributed bits. Never above `max_delay`.
  package func delay(_ number: Int, base: UInt64, previous: UInt64, random: UInt64) -> UInt64 {
    let base = Double(base)
    let chance = Double(random >> 11) * 0x1p-53
    let grown = growth == .constant ? base : base * pow(multiplier, Double(max(number, 1) - 1))
    let full = min(cap, grown)
    let wait =
      switch jitter {
      case .none: full
      case .full: full * chance
      case .equal: full / 2 + full / 2 * chance
      case .decorrelated: decorrelated(base, previous: previous == 0 ? base : Double(previous), chance)
      }
    return UInt64(nanoseconds: min(wait, cap))
  }

  private func decorrelated(_ base: Double, previous: Double, _ chance: Double) -> Double {
    base + max(0, 3 * previous - base) * chance
  }
}
