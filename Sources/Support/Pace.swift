/// Spreads looks at a call's context over its work, however the work is cut up: one look for about every hundred
/// microseconds of it.
///
/// A unit of work stands for some ten nanoseconds; who spends estimates, and may be wrong by a factor of a few.
package struct Pace {
  private let context: CallContext
  private var left = Pace.period

  private static let period = 10_000

  package init(_ context: CallContext) { self.context = context }

  /// Notes work that was done or comes next; why the call must stop, or nil to go on. `units` ≥ 0.
  @inline(__always)
  package mutating func interruption(after units: Int) -> CallContext.Interruption? {
    left &-= units
    return left > 0 ? nil : look()
  }

  private mutating func look() -> CallContext.Interruption? {
    left = Pace.period
    return context.interruption()
  }
}
