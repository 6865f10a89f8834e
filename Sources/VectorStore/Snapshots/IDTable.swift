import CSupport
import Glibc
import Support
import VectorModel

/// From id bytes to rows: open addressing that one writer changes while readers of older snapshots look things up.
///
/// An entry belongs to one id for the life of the table and holds two words: the current row, tagged with hash bits, and
/// the row before it. A reader whose snapshot does not reach the current row takes the one before; if that is still too new
/// it loads a newer snapshot. The writer stores the row before first, then the current one. Ids themselves are compared in
/// the chunks. Entries of deleted ids stay until the table is built anew.
final class IDTable: @unchecked Sendable {
  private let words: UnsafeMutablePointer<UInt64>
  private let capacity: Int
  private let key: HashKey
  /// Entries taken, those of deleted ids too. The writer's.
  private(set) var used = 0

  /// Key of the hash, drawn at random for each namespace.
  struct HashKey {
    private var k0: UInt64 = 0
    private var k1: UInt64 = 0

    init() {
      vdb_random_bytes(&k0, 8)
      vdb_random_bytes(&k1, 8)
    }

    func hash(_ id: UnsafeRawBufferPointer) -> UInt64 { vdb_hash(id.baseAddress, id.count, k0, k1) }
  }

  /// What a lookup in a snapshot tells.
  enum Lookup: Equatable {
    case found(RowInSnapshot)
    case absent
    /// The id changed more than once since the snapshot: look again in a newer one.
    case outdated
  }

  /// An entry of the writer's: where it is, and the row it holds.
  struct Entry {
    fileprivate let index: Int
    let row: RowInSnapshot
  }

  /// Room for `entries` at a load of at most one half; nil when out of memory.
  init?(entries: Int, key: HashKey) {
    var capacity = 16
    while capacity / 2 < entries {
      let (doubled, overflow) = capacity.multipliedReportingOverflow(by: 2)
      if overflow { return nil }
      capacity = doubled
    }
    guard let memory = calloc(capacity, 16) else { return nil }
    words = memory.bindMemory(to: UInt64.self, capacity: capacity * 2)
    self.capacity = capacity
    self.key = key
  }

  deinit { free(words) }

  /// Bytes it holds.
  var footprint: Int { capacity * 16 }

  /// Whether `extra` more entries keep it fast.
  func hasRoom(for extra: Int) -> Bool { extra <= capacity - capacity / 4 - used }

  // Words: 0 = free; else tag above the address. A current word with address 0 is an id whose last row is gone.
  private static let tagShift = UInt64(RowAddress.width)
  private static let addressMask = (UInt64(1) << tagShift) - 1

  private func tag(_ hash: UInt64) -> UInt64 {
    // Never 0, so that a word in use is never 0.
    max(hash >> Self.tagShift, 1) << Self.tagShift
  }

  // MARK: Readers

  /// The row of an id in a snapshot that was published with this table. Lock-free.
  func find(_ id: UnsafeRawBufferPointer, in snapshot: Snapshot) -> Lookup {
    let hash = key.hash(id)
    let tag = tag(hash)
    var index = Int(truncatingIfNeeded: hash) & (capacity - 1)
    for _ in 0..<capacity {
      let current = vdb_atomic_load(words + 2 * index)
      if current == 0 { return .absent }
      if current & ~Self.addressMask == tag {
        let address = RowAddress(bits: current & Self.addressMask)
        if let row = Self.locate(address, in: snapshot) {
          if Self.holds(id, row, in: snapshot) { return snapshot.isLive(row) ? .found(row) : .absent }
        } else {
          let before = RowAddress(bits: vdb_atomic_load(words + 2 * index + 1))
          if let row = Self.locate(before, in: snapshot) {
            if Self.holds(id, row, in: snapshot), snapshot.isLive(row) { return .found(row) }
          } else if Self.isNewer(before, than: snapshot) {
            return .outdated
          }
        }
      }
      index = (index + 1) & (capacity - 1)
    }
    return .absent
  }

  /// The row as the snapshot knows it; nil when the snapshot does not count it.
  private static func locate(_ address: RowAddress, in snapshot: Snapshot) -> RowInSnapshot? {
    guard address.bits != 0, let chunk = snapshot.index(ofChunk: address.serial) else { return nil }
    return address.slot < snapshot.chunks[chunk].count ? RowInSnapshot(chunk: chunk, slot: address.slot) : nil
  }

  /// Whether a row that the snapshot does not count came after it; else its chunk was dropped before.
  private static func isNewer(_ address: RowAddress, than snapshot: Snapshot) -> Bool {
    if address.serial != snapshot.newestSerial { return address.serial > snapshot.newestSerial }
    return snapshot.index(ofChunk: address.serial) != nil
  }

  private static func holds(_ id: UnsafeRawBufferPointer, _ row: RowInSnapshot, in snapshot: Snapshot) -> Bool {
    let stored = snapshot.chunks[row.chunk].chunk.id(row.slot)
    guard stored.count == id.count, let left = stored.baseAddress, let right = id.baseAddress else { return false }
    return vdb_compare_memory(left, right, id.count) == 0
  }

  // MARK: The writer

  /// The entry of an id whose last row `view` counts; nil for an id without one. `view` counts all rows the table holds.
  func entry(of id: UnsafeRawBufferPointer, in view: Snapshot) -> Entry? {
    let hash = key.hash(id)
    let tag = tag(hash)
    var index = Int(truncatingIfNeeded: hash) & (capacity - 1)
    for _ in 0..<capacity {
      let current = vdb_atomic_load(words + 2 * index)
      if current == 0 { return nil }
      if current & ~Self.addressMask == tag,
        let row = Self.locate(RowAddress(bits: current & Self.addressMask), in: view), Self.holds(id, row, in: view)
      {
        return Entry(index: index, row: row)
      }
      index = (index + 1) & (capacity - 1)
    }
    return nil
  }

  /// Puts a new row in the place of the one the entry holds.
  func replace(_ entry: Entry, by address: RowAddress) {
    let current = vdb_atomic_load(words + 2 * entry.index)
    vdb_atomic_store(words + 2 * entry.index + 1, current & Self.addressMask)
    vdb_atomic_store(words + 2 * entry.index, current & ~Self.addressMask | address.bits)
  }

  /// Forgets the row an entry holds, for its chunk is going. The id, should it come back, gets a new entry.
  func forget(_ entry: Entry) { replace(entry, by: RowAddress(bits: 0)) }

  /// Adds an id that has no entry. There must be room.
  func insert(_ id: UnsafeRawBufferPointer, _ address: RowAddress) {
    let hash = key.hash(id)
    var index = Int(truncatingIfNeeded: hash) & (capacity - 1)
    while vdb_atomic_load(words + 2 * index) != 0 { index = (index + 1) & (capacity - 1) }
    vdb_atomic_store(words + 2 * index, tag(hash) | address.bits)
    used += 1
  }

  /// A table with room for `extra` more entries that holds the records of `snapshot` alone; nil when out of memory.
  /// Errors: `cancelled`, `timeout`. O(rows): each id is hashed again.
  func rebuilt(for snapshot: Snapshot, extra: Int, _ pace: inout Pace) throws(VectorError) -> IDTable? {
    let (entries, overflow) = snapshot.live.addingReportingOverflow(extra)
    guard !overflow, let table = IDTable(entries: entries, key: key) else { return nil }
    for view in snapshot.chunks {
      for slot in 0..<view.count where view.chunk.end(slot) > snapshot.sequence {
        try pace.spend(10)
        table.insert(view.chunk.id(slot), RowAddress(serial: view.chunk.serial, slot: slot))
      }
    }
    return table
  }
}
