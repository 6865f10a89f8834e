import Glibc
import Support
import VectorModel

/// A filter over rows of chunks, 64 at a time: each leaf gets a word of the rows that come to it and sends those that hold
/// and those that do not to where it goes on, so a row takes the way it would take alone.
///
/// For one thread. Where there are columns the leaves ask them, elsewhere they look at the rows.
struct ChunkFilter: ~Copyable {
  private let filter: Filter?
  private let entry: Int
  private let leaves: UnsafeBufferPointer<FilterLeaf>
  /// The leaves made ready for the segment that was asked about last.
  private let tests: ColumnMemory<ColumnTest>
  private let scratch: ColumnMemory<UInt8>
  private var serial: UInt64 = 0
  private var segment = 0
  /// Rows on their way to each leaf; all zero between two words.
  private let reached: ColumnMemory<UInt64>
  private let builds: Bool

  /// No filter lets every row through. `builds`: columns that are missing are built where no more rows will come. nil when
  /// out of memory.
  init?(_ filter: Filter?, builds: Bool) {
    let leaves = filter?.leaves ?? UnsafeBufferPointer(start: nil, count: 0)
    guard let tests = ColumnMemory<ColumnTest>(zeroed: leaves.count),
      let scratch = ColumnMemory<UInt8>(zeroed: leaves.count * ColumnTest.scratchBytes),
      let reached = ColumnMemory<UInt64>(zeroed: leaves.count)
    else { return nil }
    self.filter = filter
    entry = filter?.entry ?? FilterLeaf.accept
    self.leaves = leaves
    self.tests = tests
    self.scratch = scratch
    self.reached = reached
    self.builds = builds
  }

  /// Which of the `rows` of a word of a chunk match. `isFull`: the chunk gets no rows behind those of the view.
  /// O(leaves), and O(rows) where a leaf has to look at them. Errors: `cancelled`, `timeout`.
  mutating func matching(
    _ rows: UInt64, word: Int, of view: ChunkView, isFull: Bool, _ pace: inout Pace
  ) throws(VectorError) -> UInt64 {
    guard entry >= 0, let leaf = leaves.baseAddress else { return entry == FilterLeaf.accept ? rows : 0 }
    let first = word * 64
    if serial != view.chunk.serial || segment != first / MetadataColumn.segmentRows {
      try prepare(segment: first / MetadataColumn.segmentRows, of: view, isFull: isFull, &pace)
    }
    let wordInSegment = first % MetadataColumn.segmentRows / 64
    var accepted: UInt64 = 0
    reached.base[entry] = rows
    var at = entry
    while at >= 0 {
      let here = reached.base[at]
      if here != 0 {
        reached.base[at] = 0
        let passing = try tests.base[at].passing(
          here, word: wordInSegment, leaf + at, view.chunk, firstRow: first, &pace)
        send(passing, to: leaf[at].onTrue, &accepted)
        send(here & ~passing, to: leaf[at].onFalse, &accepted)
      }
      at -= 1
    }
    return accepted
  }

  @inline(__always)
  private func send(_ rows: UInt64, to target: Int, _ accepted: inout UInt64) {
    if target >= 0 { reached.base[target] |= rows } else if target == FilterLeaf.accept { accepted |= rows }
  }

  /// Makes the leaves ready for a segment. O(leaves × values), and the building of columns. Errors: `cancelled`, `timeout`.
  mutating func prepare(
    segment: Int, of view: ChunkView, isFull: Bool, _ pace: inout Pace
  ) throws(VectorError) {
    serial = 0
    let left = view.count - segment * MetadataColumn.segmentRows
    let rows = min(left, MetadataColumn.segmentRows)
    let columns = view.chunk.columns
    for (index, leaf) in leaves.enumerated() {
      let column =
        if builds && (isFull || left > rows) {
          try columns.column(for: leaf, building: segment, of: view.chunk, rows: rows, &pace)
        } else {
          columns.column(for: leaf, segment: segment, rows: rows)
        }
      tests.base[index] =
        if let column {
          try ColumnTest(leaf, column, scratch: scratch.base + index * ColumnTest.scratchBytes, &pace)
        } else {
          .rowByRow
        }
      try pace.spend(8)
    }
    (self.segment, serial) = (segment, view.chunk.serial)
  }
}
