import CSupport

/// What one call cost so far, counted by whatever works for it, on any thread: for its error, its result and the metrics.
package final class CallTally: @unchecked Sendable {
  /// What is counted.
  package enum Item: Int, CaseIterable, Sendable {
    /// Requests sent to the backend, or tried to be.
    case attempts
    /// Attempts that repeated another one.
    case retries
    /// Bytes on the wire, both without the transport's own overhead.
    case bytesSent
    case bytesReceived
    /// Nanoseconds that an asynchronous call waited for a thread, and attempts for a connection or to be let through.
    case queueWait
  }

  private let words: UnsafeMutablePointer<UInt64>

  package init() {
    words = .allocate(capacity: Item.allCases.count)
    words.initialize(repeating: 0, count: Item.allCases.count)
  }

  deinit { words.deallocate() }

  package func add(_ item: Item, _ amount: UInt64 = 1) { vdb_atomic_add(words + item.rawValue, amount) }

  package subscript(item: Item) -> UInt64 { vdb_atomic_load(words + item.rawValue) }
}
