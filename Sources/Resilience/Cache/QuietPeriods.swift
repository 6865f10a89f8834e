/// Scopes of which nothing is kept for a while after a write, because the backend may go on answering from before it.
///
/// Pure: times come in. Remembers each scope by itself up to a limit, beyond it all of them as one. O(1), amortised.
package struct QuietPeriods {
  private static let remembered = 4096

  /// Nanoseconds.
  private let length: UInt64
  private var ends: [CacheScope: UInt64] = [:]
  /// Until when every scope is quiet.
  private var commonEnd: UInt64 = 0

  package init(length: UInt64) { self.length = length }

  package func isQuiet(_ scope: CacheScope, at now: UInt64) -> Bool {
    if now < commonEnd { return true }
    guard !ends.isEmpty, let end = ends[scope] else { return false }
    return now < end
  }

  /// A write to the scope ended.
  package mutating func begin(_ scope: CacheScope, at now: UInt64) {
    let (sum, overflow) = now.addingReportingOverflow(length)
    let end = overflow ? .max : sum
    if ends.count >= Self.remembered, ends[scope] == nil {
      ends = ends.filter { now < $0.value }
      if ends.count >= Self.remembered / 2 {
        ends = [:]
        commonEnd = max(commonEnd, end)
      }
    }
    ends[scope] = max(ends[scope] ?? 0, end)
  }

  /// What to hand to `lift` after a flush that begins now.
  package func marker(_ scope: CacheScope) -> UInt64? { ends[scope] }

  /// A flush ended before which no write came: the scope is quiet no longer, unless a write ended meanwhile.
  package mutating func lift(_ scope: CacheScope, marker: UInt64?) {
    if let marker, ends[scope] == marker { ends[scope] = nil }
  }
}
