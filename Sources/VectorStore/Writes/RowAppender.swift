import Support
import VectorModel

/// Rows written behind those a snapshot counts: nobody sees them until a snapshot that counts them is published, and until
/// then they can be taken back. For the one writer of a namespace.
struct RowAppender {
  /// The snapshot's chunks with the new rows.
  private(set) var chunks: [ChunkView]
  private(set) var newestSerial: UInt64
  /// Full chunks of which the last row was written here.
  private(set) var sealed: [Chunk] = []
  private let settings: StoreSettings
  private var stored: Int
  /// Where the first new row goes: index of the chunk, and slot.
  private let first: (chunk: Int, slot: Int)
  private let tail: (arena: RecordArena, mark: RecordArena.Mark)?

  init(behind base: Snapshot, settings: StoreSettings) {
    chunks = base.chunks
    newestSerial = base.newestSerial
    stored = base.live
    self.settings = settings
    first = base.chunks.last.map { (base.chunks.count - 1, $0.count) } ?? (0, 0)
    tail = base.chunks.last.map { ($0.chunk.arena, $0.chunk.arena.mark()) }
  }

  /// Writes one more row. Errors: `outOfMemory`; then `takeBack` is due.
  mutating func append(
    vector: UnsafeRawPointer, norm: Float, id: UnsafeRawBufferPointer, metadata: UnsafeRawBufferPointer
  ) throws(VectorError) {
    var last = chunks.count - 1
    if last < 0 || chunks[last].chunk.isFull(count: chunks[last].count) {
      guard let chunk = settings.makeChunk(rows: stored) else { throw .storeOutOfMemory }
      chunks.append(ChunkView(chunk: chunk, count: 0))
      newestSerial = chunk.serial
      last += 1
    }
    let chunk = chunks[last].chunk
    let slot = chunks[last].count
    guard chunk.write(slot: slot, vector: vector, norm: norm, id: id, metadata: metadata) else {
      throw .storeOutOfMemory
    }
    chunks[last].count = slot + 1
    stored += 1
    if chunk.isFull(count: slot + 1) { sealed.append(chunk) }
  }

  /// Writes a copy of a row with other metadata.
  mutating func append(copyOf slot: Int, in chunk: Chunk, metadata: UnsafeRawBufferPointer) throws(VectorError) {
    try append(
      vector: UnsafeRawPointer(chunk.vector(slot)), norm: chunk.norms[slot], id: chunk.id(slot), metadata: metadata)
  }

  /// Calls `body` with each new row, in the order they were written.
  func forEachRow(_ body: (_ chunk: Chunk, _ slot: Int) -> Void) {
    for index in first.chunk..<max(chunks.count, first.chunk) {
      let view = chunks[index]
      for slot in (index == first.chunk ? first.slot : 0)..<view.count { body(view.chunk, slot) }
    }
  }

  /// Gives the memory of the rows back, which were never counted.
  func takeBack() {
    if let tail { tail.arena.rewind(to: tail.mark) }
  }
}
