import Glibc
import VectorModel

/// A filter over the rows of one chunk, 64 at a time: each leaf gets a word of the rows that come to it and sends those that
/// hold and those that do not to where it goes on, so a row takes the way it would take alone.
struct ChunkFilter: ~Copyable {
  private let filter: Filter
  private let chunk: Chunk
  private let leaves: UnsafeBufferPointer<FilterLeaf>
  private let tests: UnsafeMutablePointer<ColumnTest>
  /// Rows on their way to each leaf; all zero between two words.
  private let reached: UnsafeMutablePointer<UInt64>
  private let verdicts: UnsafeMutablePointer<UInt8>

  /// Most bytes of verdicts; leaves that come later look at the rows.
  private static let verdictLimit = 1 << 20

  /// nil where looking at the rows is as good: in a chunk without columns that can get none, or out of memory.
  /// `isFull`: no row will be added to the `rows` of the chunk. Builds columns: O(rows) for a key met for the first time.
  init?(_ filter: Filter, _ chunk: Chunk, rows: Int, isFull: Bool) {
    let leaves = filter.leaves
    if !isFull || leaves.count == 0 { return nil }
    let columns = leaves.map { chunk.columns.column(for: $0, of: chunk, rows: rows, isFull: isFull) }
    var size = 0
    for case .some(let column) in columns where size < Self.verdictLimit { size += ColumnTest.verdictCount(column) }
    guard let tests = malloc(leaves.count * MemoryLayout<ColumnTest>.stride) else { return nil }
    guard let reached = calloc(leaves.count, 8), let verdicts = malloc(max(size, 1)) else {
      free(tests)
      return nil
    }
    self.filter = filter
    self.chunk = chunk
    self.leaves = leaves
    self.tests = tests.bindMemory(to: ColumnTest.self, capacity: leaves.count)
    self.reached = reached.bindMemory(to: UInt64.self, capacity: leaves.count)
    self.verdicts = verdicts.bindMemory(to: UInt8.self, capacity: size)
    var used = 0
    for (index, column) in columns.enumerated() {
      var test = ColumnTest.rowByRow
      if let column, used + ColumnTest.verdictCount(column) <= size {
        test = ColumnTest(leaves[index], column, verdicts: self.verdicts + used)
        used += ColumnTest.verdictCount(column)
      }
      (self.tests + index).initialize(to: test)
    }
  }

  deinit {
    free(tests)
    free(reached)
    free(verdicts)
  }

  /// Which of the `rows` of a word match. O(leaves), and O(rows) where a leaf has to look at them.
  func matching(_ rows: UInt64, word: Int) -> UInt64 {
    guard filter.entry >= 0, let leaf = leaves.baseAddress else { return filter.entry == FilterLeaf.accept ? rows : 0 }
    var accepted: UInt64 = 0
    reached[filter.entry] = rows
    var at = filter.entry
    while at >= 0 {
      let here = reached[at]
      if here != 0 {
        reached[at] = 0
        let passing = tests[at].passing(here, word: word, leaf + at, chunk)
        send(passing, to: leaf[at].onTrue, &accepted)
        send(here & ~passing, to: leaf[at].onFalse, &accepted)
      }
      at -= 1
    }
    return accepted
  }

  @inline(__always)
  private func send(_ rows: UInt64, to target: Int, _ accepted: inout UInt64) {
    if target >= 0 { reached[target] |= rows } else if target == FilterLeaf.accept { accepted |= rows }
  }
}
