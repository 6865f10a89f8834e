import CSupport
import Support
import VectorModel

/// Counts and times the calls of one database, an operation a row. Lock-free; any thread at any time.
final class OperationMetrics: @unchecked Sendable {
  /// Words of a row; rows are a cache line each, so that a searching and a writing thread do not share one.
  private enum Word: Int { case succeeded, failed, nanoseconds, slowest }
  private static let wordsPerRow = 8

  private let words: UnsafeMutablePointer<UInt64>

  init() {
    let count = Operation.allCases.count * Self.wordsPerRow
    words = .allocate(capacity: count)
    words.initialize(repeating: 0, count: count)
  }

  deinit { words.deallocate() }

  /// Counts one call that took `nanoseconds`.
  func record(_ operation: Operation, succeeded: Bool, nanoseconds: UInt64) {
    vdb_atomic_add(word(operation, succeeded ? .succeeded : .failed), 1)
    vdb_atomic_add(word(operation, .nanoseconds), nanoseconds)
    let slowest = word(operation, .slowest)
    var known = vdb_atomic_load(slowest)
    while nanoseconds > known, vdb_atomic_compare_exchange(slowest, known, nanoseconds) == 0 {
      known = vdb_atomic_load(slowest)
    }
  }

  struct Totals {
    var succeeded: UInt64 = 0
    var failed: UInt64 = 0
    var nanoseconds: UInt64 = 0
    var slowest: UInt64 = 0

    var calls: UInt64 { succeeded &+ failed }
    var averageMilliseconds: Double { calls == 0 ? 0 : Double(nanoseconds) / Double(calls) / 1e6 }
    var slowestMilliseconds: Double { Double(slowest) / 1e6 }
    /// 1 when nothing was asked yet: nothing failed.
    var successRate: Double { calls == 0 ? 1 : Double(succeeded) / Double(calls) }
  }

  func totals(_ operation: Operation) -> Totals {
    Totals(
      succeeded: vdb_atomic_load(word(operation, .succeeded)), failed: vdb_atomic_load(word(operation, .failed)),
      nanoseconds: vdb_atomic_load(word(operation, .nanoseconds)), slowest: vdb_atomic_load(word(operation, .slowest)))
  }

  /// Of all operations together.
  var totals: Totals {
    Operation.allCases.reduce(into: Totals()) { sum, operation in
      let row = totals(operation)
      sum.succeeded &+= row.succeeded
      sum.failed &+= row.failed
      sum.nanoseconds &+= row.nanoseconds
      sum.slowest = max(sum.slowest, row.slowest)
    }
  }

  private func word(_ operation: Operation, _ word: Word) -> UnsafeMutablePointer<UInt64> {
    words + operation.rawValue * Self.wordsPerRow + word.rawValue
  }
}
