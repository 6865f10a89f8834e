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
        size += Self.wordCount(view.count)
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
    let stop = AtomicWord(0)
    let work = filter == nil ? 1 : threads
    WorkerPool.shared.run(tasks: starts.count, threads: work) { [starts] chunk in
      guard let start = starts[chunk], stop.load() == 0 else { return }
      let isComplete = Self.fill(
        words + start, chunk: chunk, of: snapshot, filter: filter, excluded: excluded, context: context)
      if !isComplete { stop.store(1) }
    }
    if stop.load() != 0 { throw VectorError(context.interruption() ?? .cancelled) }
  }

  deinit { free(words) }

  private static func wordCount(_ rows: Int) -> Int { (rows + 63) / 64 }

  /// Fills the words of one chunk; false when the call is to stop.
  private static func fill(
    _ words: UnsafeMutablePointer<UInt64>, chunk index: Int, of snapshot: Snapshot, filter: Filter?,
    excluded: RowInSnapshot?, context: CallContext
  ) -> Bool {
    let view = snapshot.chunks[index]
    // Only the last chunk may still get rows behind those of the snapshot.
    let isFull = index < snapshot.chunks.count - 1 || view.count == view.chunk.capacity
    switch filter.flatMap({ ChunkFilter($0, view.chunk, rows: view.count, isFull: isFull) }) {
    case .some(let columns):
      for number in 0..<wordCount(view.count) {
        if number & 63 == 0, context.interruption() != nil { return false }
        words[number] = columns.matching(live(number, of: view, in: snapshot), word: number)
      }
    case .none:
      for number in 0..<wordCount(view.count) {
        if number & 63 == 0, context.interruption() != nil { return false }
        words[number] = live(number, of: view, in: snapshot)
        if let filter { words[number] = matching(filter, words[number], word: number, of: view.chunk) }
      }
    }
    if let excluded, excluded.chunk == index { words[excluded.slot / 64] &= ~(1 << UInt64(excluded.slot & 63)) }
    return true
  }

  /// The rows of a word that are in the snapshot.
  private static func live(_ number: Int, of view: ChunkView, in snapshot: Snapshot) -> UInt64 {
    let rows = min(view.count - number * 64, 64)
    // Whatever ended before the snapshot had been counted before it was published.
    if view.chunk.ended.load() == 0 { return .max >> UInt64(64 - rows) }
    var word: UInt64 = 0
    for row in 0..<rows where view.chunk.end(number * 64 + row) > snapshot.sequence { word |= 1 << UInt64(row) }
    return word
  }

  /// The rows of a word that match, one by one.
  private static func matching(_ filter: Filter, _ rows: UInt64, word: Int, of chunk: Chunk) -> UInt64 {
    var rest = rows
    var bits: UInt64 = 0
    while rest != 0 {
      let bit = rest & (0 &- rest)
      if filter.matches(chunk.metadata(word * 64 + rest.trailingZeroBitCount)) { bits |= bit }
      rest ^= bit
    }
    return bits
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
        for word in 0..<Self.wordCount(view.count) { total += mask[word].nonzeroBitCount }
      } else {
        total += view.count
      }
    }
    return total
  }
}
