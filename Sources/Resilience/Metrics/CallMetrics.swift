import CSupport
import Support

/// Counts and times the calls of one database by operation and outcome, and how many are under way. Lock-free.
///
/// `started` and `ended` together cost some 20 ns on any number of threads. A kind of call that never happens costs a word.
package final class CallMetrics: @unchecked Sendable {
  /// Names of the operations; their places are what `started` and `ended` are given.
  package let operations: [StaticString]

  /// Addresses of the retained histograms, an outcome a column; 0 = none yet.
  private let cells: UnsafeMutablePointer<UInt64>
  private let cellCount: Int
  /// Time calls with limits or a pool spent waiting for a connection or to be let through.
  private let queueWaits = LatencyHistogram()
  private let words = StripedWords()
  private enum Word: Int, CaseIterable { case started, ended, slowCalls, attempts, retries, bytesSent, bytesReceived }
  private let lock = Lock(.leaf)
  /// What the words held at the last reset.
  @exclusivity(unchecked) private var baseline: [UInt64]

  package init(operations: [StaticString]) {
    self.operations = operations
    baseline = Array(repeating: 0, count: Word.allCases.count)
    cellCount = operations.count * CallOutcome.allCases.count
    cells = .allocate(capacity: max(cellCount, 1))
    cells.initialize(repeating: 0, count: max(cellCount, 1))
  }

  deinit {
    for cell in 0..<cellCount { histogram(cell)?.release() }
    cells.deallocate()
  }

  /// A call begins; `ended` follows whatever happens.
  package func started() { words.add(Word.started.rawValue) }

  /// A call of an operation ended after `nanoseconds`.
  package func ended(_ operation: Int, _ outcome: CallOutcome, nanoseconds: UInt64) {
    words.add(Word.ended.rawValue)
    let cell = operation &* CallOutcome.allCases.count &+ outcome.rawValue
    guard operation >= 0, operation < operations.count, let histogram = histogram(cell) ?? makeHistogram(cell) else {
      return
    }
    // The cell holds a reference for as long as this object lives.
    histogram._withUnsafeGuaranteedRef { $0.record(nanoseconds) }
  }

  /// What a call cost on the wire.
  package func add(_ tally: CallTally) {
    let items: [(CallTally.Item, Word)] = [
      (.attempts, .attempts), (.retries, .retries), (.bytesSent, .bytesSent), (.bytesReceived, .bytesReceived),
    ]
    for (item, word) in items where tally[item] > 0 { words.add(word.rawValue, tally[item]) }
    if tally[.queueWait] > 0 { queueWaits.record(tally[.queueWait]) }
  }

  /// A call took longer than the user wants.
  package func addSlowCall() { words.add(Word.slowCalls.rawValue) }

  /// Calls that began and have not ended.
  package var inFlight: UInt64 {
    // Ended ones first: a call between the two loads is then counted as under way, never as minus one.
    let ended = words.sum(Word.ended.rawValue)
    return words.sum(Word.started.rawValue) &- ended
  }

  /// All of it at one moment. Some microseconds for each kind of call that happened.
  package func summary() -> CallSummary {
    summary(of: lock.withLock { baseline }) { $0.summary() }
  }

  /// Forgets what was counted and returns it. Calls under way stay under way.
  @discardableResult
  package func reset() -> CallSummary {
    let before = lock.withLock { () -> [UInt64] in
      defer { baseline = Word.allCases.map { words.sum($0.rawValue) } }
      return baseline
    }
    return summary(of: before) { $0.reset() }
  }

  private func summary(of baseline: [UInt64], _ read: (LatencyHistogram) -> LatencySummary) -> CallSummary {
    var summary = CallSummary()
    for (index, operation) in operations.enumerated() {
      var row = OperationSummary(operation: operation)
      for outcome in CallOutcome.allCases {
        guard let histogram = histogram(index * CallOutcome.allCases.count + outcome.rawValue) else { continue }
        row.latencies[outcome] = histogram._withUnsafeGuaranteedRef(read)
      }
      row.latencies = row.latencies.filter { $0.value.count > 0 }
      if !row.latencies.isEmpty { summary.operations.append(row) }
    }
    func since(_ word: Word) -> UInt64 { words.sum(word.rawValue) &- baseline[word.rawValue] }
    summary.inFlight = inFlight
    summary.slowCalls = since(.slowCalls)
    summary.attempts = since(.attempts)
    summary.retries = since(.retries)
    summary.bytesSent = since(.bytesSent)
    summary.bytesReceived = since(.bytesReceived)
    summary.queueWait = read(queueWaits)
    return summary
  }

  private func histogram(_ cell: Int) -> Unmanaged<LatencyHistogram>? {
    guard let address = UnsafeRawPointer(bitPattern: UInt(vdb_atomic_load(cells + cell))) else { return nil }
    return Unmanaged.fromOpaque(address)
  }

  /// Two threads may make one at once; the first to put it in wins.
  private func makeHistogram(_ cell: Int) -> Unmanaged<LatencyHistogram>? {
    let made = Unmanaged.passRetained(LatencyHistogram())
    if vdb_atomic_compare_exchange(cells + cell, 0, UInt64(UInt(bitPattern: made.toOpaque()))) == 0 { made.release() }
    return histogram(cell)
  }
}
