import Glibc
import Support
import VectorModel

/// Which rows of a snapshot take part: a bit a row for chunks where not all do.
final class RowMasks: @unchecked Sendable {
  private let words: UnsafeMutablePointer<UInt64>?
  /// Index of each chunk's first word; nil where every counted row takes part.
  private let starts: [Int?]

  /// The rows that are in the snapshot, match the filter and are not the excluded one. Chunks are looked at in parallel.
  /// Errors: `outOfMemory`, `cancelled`, `timeout`. O(rows) with a filter.
  init(
    _ snapshot: Snapshot, filter: Filter?, excluded: RowInSnapshot?, threads: Int, context: CallContext
  ) throws(VectorError) {
    var starts: [Int?] = []
    var size = 0
    for (index, view) in snapshot.chunks.enumerated() {
      if filter == nil, excluded?.chunk != index, view.chunk.ended.load() == 0 {
        starts.append(nil)
      } else {
        starts.append(size)
        size += view.words
      }
    }
    self.starts = starts
    if size == 0 {
      words = nil
      return
    }
    guard let memory = calloc(size, 8) else { throw .resultOutOfMemory }
    let words = memory.bindMemory(to: UInt64.self, capacity: size)
    self.words = words
    try Self.parallel(starts.count, threads: filter == nil ? 1 : threads) { [starts] (chunk) throws(VectorError) in
      guard let start = starts[chunk] else { return }
      try Self.fill(words + start, chunk: chunk, of: snapshot, filter: filter, context: context)
    }
    if let excluded, let start = starts[excluded.chunk] {
      words[start + excluded.slot / 64] &= ~(1 << UInt64(excluded.slot & 63))
    }
  }

  deinit { free(words) }

  /// Makes the columns that a filter will ask for. Errors: `outOfMemory`, `cancelled`, `timeout`.
  static func prepare(
    _ snapshot: Snapshot, filter: Filter, threads: Int, context: CallContext
  ) throws(VectorError) {
    try parallel(snapshot.chunks.count, threads: threads) { (chunk) throws(VectorError) in
      guard var test = ChunkFilter(filter, builds: true) else { throw .resultOutOfMemory }
      var pace = Pace(context)
      let view = snapshot.chunks[chunk]
      for first in stride(from: 0, to: view.count, by: MetadataColumn.segmentRows) {
        let segment = first / MetadataColumn.segmentRows
        try test.prepare(segment: segment, of: view, isFull: snapshot.isFull(chunk: chunk), &pace)
      }
    }
  }

  /// Runs `body` for each chunk until one fails.
  private static func parallel(
    _ chunks: Int, threads: Int, _ body: (Int) throws(VectorError) -> Void
  ) throws(VectorError) {
    let lock = Lock()
    nonisolated(unsafe) var failure: VectorError?
    WorkerPool.shared.run(tasks: chunks, threads: threads) { chunk in
      guard lock.withLock({ failure == nil }) else { return }
      do throws(VectorError) {
        try body(chunk)
      } catch {
        lock.withLock { failure = failure ?? error }
      }
    }
    if let failure { throw failure }
  }

  /// Fills the words of one chunk. Errors: `outOfMemory`, `cancelled`, `timeout`.
  private static func fill(
    _ words: UnsafeMutablePointer<UInt64>, chunk index: Int, of snapshot: Snapshot, filter: Filter?,
    context: CallContext
  ) throws(VectorError) {
    let view = snapshot.chunks[index]
    var pace = Pace(context)
    guard var test = ChunkFilter(filter, builds: true) else { throw .resultOutOfMemory }
    let isFull = snapshot.isFull(chunk: index)
    for word in 0..<view.words {
      let live = view.live(word, at: snapshot.sequence)
      words[word] = try test.matching(live, word: word, of: view, isFull: isFull, &pace)
      try pace.spend(4)
    }
  }

  /// The bits of a chunk, nil = all its rows. Valid as long as this object.
  func mask(ofChunk index: Int) -> UnsafePointer<UInt64>? {
    guard let words, let start = starts[index] else { return nil }
    return UnsafePointer(words + start)
  }

  /// Slots of a chunk that take part, ascending, from `first` on.
  func rows(ofChunk index: Int, in snapshot: Snapshot, from first: Int = 0) -> some Sequence<Int> {
    let mask = mask(ofChunk: index)
    let count = snapshot.chunks[index].count
    return (min(first, count)..<count).lazy.filter { slot in
      mask.map { $0[slot / 64] >> UInt64(slot & 63) & 1 == 1 } ?? true
    }
  }

  /// Number of rows that take part. O(rows / 64).
  func count(in snapshot: Snapshot) -> Int {
    var total = 0
    for (index, view) in snapshot.chunks.enumerated() {
      if let mask = mask(ofChunk: index) {
        for word in 0..<view.words { total += mask[word].nonzeroBitCount }
      } else {
        total += view.count
      }
    }
    return total
  }
}
