import CSupport
import Glibc

/// Counts how long calls take, from any thread, without a lock: two atomic additions to memory of the thread's own stripe.
///
/// Memory comes with the first call, some 10 KB for each of up to eight stripes; when the machine has none, calls go
/// uncounted.
package final class LatencyHistogram: @unchecked Sendable {
  private static let stripeLimit = 8
  private static let stripeCount: Int = {
    var count = 1
    while count < stripeLimit, count < Int(vdb_usable_processors()) { count *= 2 }
    return count
  }()

  /// Words of a stripe: the buckets, then these.
  private static let sumWord = LatencyBuckets.count
  private static let longestWord = LatencyBuckets.count + 1
  private static let words = LatencyBuckets.count + 8

  /// Addresses of the stripes, 0 = none yet.
  private let stripes: UnsafeMutablePointer<UInt64>
  private let count: Int

  package init() {
    count = Self.stripeCount
    stripes = .allocate(capacity: count)
    stripes.initialize(repeating: 0, count: count)
  }

  deinit {
    for stripe in 0..<count { free(words(of: stripe)) }
    stripes.deallocate()
  }

  package func record(_ nanoseconds: UInt64) {
    guard let words = mine else { return }
    vdb_atomic_add(words + LatencyBuckets.index(of: nanoseconds), 1)
    vdb_atomic_add(words + Self.sumWord, nanoseconds)
    let longest = words + Self.longestWord
    var known = vdb_atomic_load(longest)
    while nanoseconds > known, vdb_atomic_compare_exchange(longest, known, nanoseconds) == 0 {
      known = vdb_atomic_load(longest)
    }
  }

  /// What was recorded so far. O(buckets × stripes), some microseconds.
  package func summary() -> LatencySummary { read { vdb_atomic_load($0) } }

  /// Forgets everything and returns it: a call that is recorded meanwhile is in what is returned or in what follows.
  @discardableResult
  package func reset() -> LatencySummary { read { vdb_atomic_exchange($0, 0) } }

  private func read(_ word: (UnsafeMutablePointer<UInt64>) -> UInt64) -> LatencySummary {
    var summary = LatencySummary()
    for stripe in 0..<count {
      guard let words = words(of: stripe) else { continue }
      for bucket in 0..<LatencyBuckets.count { summary.add(word(words + bucket), bucket: bucket) }
      summary.add(sum: word(words + Self.sumWord), longest: word(words + Self.longestWord))
    }
    return summary
  }

  private func words(of stripe: Int) -> UnsafeMutablePointer<UInt64>? {
    UnsafeMutablePointer(bitPattern: UInt(vdb_atomic_load(stripes + stripe)))
  }

  private var mine: UnsafeMutablePointer<UInt64>? {
    let stripe = Int(truncatingIfNeeded: vdb_thread_stripe()) & (count &- 1)
    return words(of: stripe) ?? makeStripe(stripe)
  }

  /// Two threads may make one at once; the first to put it in wins.
  private func makeStripe(_ stripe: Int) -> UnsafeMutablePointer<UInt64>? {
    guard let memory = calloc(Self.words, MemoryLayout<UInt64>.stride) else { return words(of: stripe) }
    if vdb_atomic_compare_exchange(stripes + stripe, 0, UInt64(UInt(bitPattern: memory))) == 0 { free(memory) }
    return words(of: stripe)
  }
}
