/// Counts of the attempts a breaker judges by: those of the last seconds, or the last so many.
struct AttemptWindow {
  /// What a number of attempts came to.
  struct Counts: Equatable {
    var calls = 0
    var failures = 0
    var slow = 0

    static func += (left: inout Counts, right: Counts) {
      left.calls += right.calls
      left.failures += right.failures
      left.slow += right.slow
    }

    static func -= (left: inout Counts, right: Counts) {
      left.calls -= right.calls
      left.failures -= right.failures
      left.slow -= right.slow
    }
  }

  /// Parts a time window is counted in: it forgets a thirtieth at a time.
  static let parts = 30

  private(set) var total = Counts()
  /// A part each of a time window, or an attempt each of a count window; used as a ring.
  private var ring: [Counts]
  /// Where the ring stands: number of the present part, or of attempts ever added.
  private var position: UInt64
  /// Nanoseconds of a part; 0 for a count window.
  private let width: UInt64

  init(_ settings: CircuitBreakerSettings, now: UInt64) {
    switch settings.window {
    case .time:
      width = max(settings.windowDuration.nanoseconds / UInt64(Self.parts), 1)
      ring = Array(repeating: Counts(), count: Self.parts)
      position = now / width
    case .count:
      width = 0
      ring = Array(repeating: Counts(), count: max(settings.windowCalls, 1))
      position = 0
    }
  }

  /// When the present part ends; never for a count window.
  var endOfPart: UInt64 {
    if width == 0 { return .max }
    let (end, overflow) = (position &+ 1).multipliedReportingOverflow(by: width)
    return overflow ? .max : end
  }

  /// Moves on to `now`, and forgets what has become too old.
  mutating func advance(to now: UInt64) {
    guard width > 0 else { return }
    let target = now / width
    guard target > position else { return }
    for step in 0..<min(target - position, UInt64(ring.count)) { forget(slot(position + 1 + step)) }
    position = target
  }

  /// Adds attempts of one outcome at the present time.
  mutating func add(_ count: Int, failed: Bool = false, slow: Bool = false) {
    guard count > 0 else { return }
    let one = Counts(calls: 1, failures: failed ? 1 : 0, slow: slow ? 1 : 0)
    if width > 0 {
      let all = Counts(calls: count, failures: failed ? count : 0, slow: slow ? count : 0)
      ring[slot(position)] += all
      total += all
      return
    }
    for _ in 0..<min(count, ring.count) {
      let place = slot(position)
      forget(place)
      ring[place] = one
      total += one
      position &+= 1
    }
  }

  private mutating func forget(_ place: Int) {
    total -= ring[place]
    ring[place] = Counts()
  }

  private func slot(_ number: UInt64) -> Int { Int(number % UInt64(ring.count)) }
}
