import CSupport

/// Up to eight numbers that many threads count at once without disturbing each other.
///
/// Each thread writes to a stripe of its own, a cache line; reading adds all stripes up. Writing costs one uncontended
/// atomic addition however many threads count; reading costs a load for each of the 4 to 64 stripes.
package final class StripedWords: @unchecked Sendable {
  /// Numbers a stripe holds: `word` is below it.
  package static let wordsPerStripe = 8

  private static let stripeCount: Int = {
    var count = 4
    while count < 64, count < 2 * Int(vdb_usable_processors()) { count *= 2 }
    return count
  }()

  private let stripes: Int
  private let memory: UnsafeMutablePointer<UInt64>

  package init() {
    stripes = Self.stripeCount
    let count = stripes * Self.wordsPerStripe
    let raw = UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<UInt64>.stride, alignment: 64)
    memory = raw.bindMemory(to: UInt64.self, capacity: count)
    memory.initialize(repeating: 0, count: count)
  }

  deinit { UnsafeMutableRawPointer(memory).deallocate() }

  /// Adds to a number, with wrap-around.
  package func add(_ word: Int, _ value: UInt64 = 1) { vdb_atomic_add(mine + word, value) }

  /// Puts a number in the calling thread's stripe.
  package func store(_ word: Int, _ value: UInt64) { vdb_atomic_store(mine + word, value) }

  /// Sum over all threads. What other threads add meanwhile may or may not be in it.
  package func sum(_ word: Int) -> UInt64 {
    var total: UInt64 = 0
    for stripe in 0..<stripes { total &+= vdb_atomic_load(memory + stripe * Self.wordsPerStripe + word) }
    return total
  }

  /// The largest that stands in any stripe.
  package func maximum(_ word: Int) -> UInt64 {
    var largest: UInt64 = 0
    for stripe in 0..<stripes { largest = max(largest, vdb_atomic_load(memory + stripe * Self.wordsPerStripe + word)) }
    return largest
  }

  private var mine: UnsafeMutablePointer<UInt64> {
    memory + (Int(vdb_thread_stripe()) & (stripes - 1)) * Self.wordsPerStripe
  }
}
