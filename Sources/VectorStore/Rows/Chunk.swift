import CSupport
import Support

/// A fixed number of rows in columns that never move: vectors, norms, the sequence that ended each row, and records (id
/// and metadata).
///
/// Written by one writer at a time. A slot is written once, before a snapshot counts it; from then on only its end changes,
/// atomically. Readers look at slots their snapshot counts.
package final class Chunk: @unchecked Sendable {
  package let serial: UInt64
  package let capacity: Int
  package let layout: RowLayout
  package let vectors: UnsafeMutablePointer<Float>
  package let norms: UnsafeMutablePointer<Float>
  /// Rows ended so far, by whatever snapshot: 0 means that no mask is needed.
  package let ended = AtomicWord(0)

  private let ends: UnsafeMutablePointer<UInt64>
  private let records: UnsafeMutablePointer<UnsafeRawPointer>
  private let memory: UnsafeMutableRawPointer
  private let bytes: Int
  let arena = RecordArena()
  /// What filters made of its metadata; made by readers.
  let columns: ChunkColumns

  /// nil when out of memory. `capacity` comes from `RowLayout.nextCapacity`, so sizes cannot overflow.
  package init?(serial: UInt64, capacity: Int, layout: RowLayout) {
    let vectorBytes = (capacity * layout.stride * 4 + 63) / 64 * 64
    bytes = vectorBytes + capacity * (8 + 8 + 4)
    guard let columns = ChunkColumns(capacity: capacity), let memory = vdb_rows_new(bytes) else { return nil }
    self.columns = columns
    self.memory = memory
    self.serial = serial
    self.capacity = capacity
    self.layout = layout
    vectors = memory.bindMemory(to: Float.self, capacity: capacity * layout.stride)
    let behind = memory + vectorBytes
    ends = behind.bindMemory(to: UInt64.self, capacity: capacity)
    records = (behind + capacity * 8).bindMemory(to: UnsafeRawPointer.self, capacity: capacity)
    norms = (behind + capacity * 16).bindMemory(to: Float.self, capacity: capacity)
  }

  deinit { vdb_rows_free(memory, bytes) }

  /// Bytes of ids and metadata after which a chunk takes no more rows: what a compaction can give back is bounded by it.
  private static let arenaLimit = 32 << 20

  /// Bytes it holds, untouched pages included. The writer's.
  var footprint: Int { bytes + arena.size + columns.footprint }

  /// Whether `count` rows fill it.
  func isFull(count: Int) -> Bool { count >= capacity || arena.size >= Self.arenaLimit }

  /// Writes a slot that no snapshot counts yet; false when out of memory. `vector` needs no alignment.
  func write(
    slot: Int, vector: UnsafeRawPointer, norm: Float, id: UnsafeRawBufferPointer, metadata: UnsafeRawBufferPointer
  ) -> Bool {
    guard let record = arena.append(id: id, metadata: metadata) else { return false }
    let row = UnsafeMutableRawPointer(vectors + slot * layout.stride)
    row.copyMemory(from: vector, byteCount: layout.dimensions * 4)
    if layout.stride > layout.dimensions {
      (vectors + slot * layout.stride + layout.dimensions).update(
        repeating: 0, count: layout.stride - layout.dimensions)
    }
    norms[slot] = norm
    records[slot] = record
    vdb_atomic_store(ends + slot, .max)
    return true
  }

  package func vector(_ slot: Int) -> UnsafePointer<Float> { UnsafePointer(vectors + slot * layout.stride) }

  package func id(_ slot: Int) -> UnsafeRawBufferPointer { RecordArena.id(of: records[slot]) }

  /// Encoded metadata of a row.
  package func metadata(_ slot: Int) -> UnsafeRawBufferPointer { RecordArena.metadata(of: records[slot]) }

  /// First sequence at which the row is no longer there; `.max` while it is.
  package func end(_ slot: Int) -> UInt64 { vdb_atomic_load(ends + slot) }

  /// Ends a row: snapshots from `sequence` on do not see it. Returns how many rows of the chunk have ended now.
  func end(_ slot: Int, at sequence: UInt64) -> Int {
    vdb_atomic_store(ends + slot, sequence)
    return Int(truncatingIfNeeded: ended.add(1)) + 1
  }
}
