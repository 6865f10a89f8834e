import Support

/// The contents of a namespace at one sequence number. Never changes, though the chunks it counts rows of go on filling.
///
/// Row r of a chunk is in it if r < the chunk's count here and the row's end is above `sequence`.
package final class Snapshot: Sendable {
  package let sequence: UInt64
  /// By ascending serial. All but the last are full.
  package let chunks: [ChunkView]
  /// Records in it.
  package let live: Int
  /// Highest serial of a chunk up to now, in the snapshot or dropped before.
  let newestSerial: UInt64
  let table: IDTable

  init(sequence: UInt64, chunks: [ChunkView], live: Int, newestSerial: UInt64, table: IDTable) {
    self.sequence = sequence
    self.chunks = chunks
    self.live = live
    self.newestSerial = newestSerial
    self.table = table
  }

  /// Index of the chunk with a serial; nil when it is not in this snapshot. O(log chunks).
  func index(ofChunk serial: UInt64) -> Int? {
    let index = firstChunk(from: serial)
    return index < chunks.count && chunks[index].chunk.serial == serial ? index : nil
  }

  /// Index of the first chunk whose serial is at least `serial`.
  func firstChunk(from serial: UInt64) -> Int {
    var low = 0
    var high = chunks.count
    while low < high {
      let middle = (low + high) / 2
      if chunks[middle].chunk.serial < serial { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Whether a chunk gets no rows behind those that the snapshot counts.
  func isFull(chunk index: Int) -> Bool {
    index < chunks.count - 1 || chunks[index].count == chunks[index].chunk.capacity
  }

  /// Whether a row that the snapshot counts is in it.
  func isLive(_ row: RowInSnapshot) -> Bool { chunks[row.chunk].chunk.end(row.slot) > sequence }
}

/// The rows of a chunk that a snapshot counts.
package struct ChunkView: Sendable {
  package let chunk: Chunk
  package var count: Int

  /// Words of a bitmap of its rows.
  var words: Int { (count + 63) / 64 }

  /// The rows of a word, below `words`, that are in the snapshot with a sequence number. O(1) while no row has ended.
  func live(_ word: Int, at sequence: UInt64) -> UInt64 {
    let rows = min(count - word * 64, 64)
    // Whatever ended before the snapshot had been counted before it was published.
    if chunk.ended.load() == 0 { return .max >> UInt64(64 - rows) }
    var bits: UInt64 = 0
    for row in 0..<rows where chunk.end(word * 64 + row) > sequence { bits |= 1 << UInt64(row) }
    return bits
  }
}

/// A row of a snapshot: index of its chunk there, and slot.
struct RowInSnapshot: Equatable {
  let chunk: Int
  let slot: Int
}
