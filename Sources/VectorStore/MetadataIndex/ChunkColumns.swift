import Support
import VectorModel

/// The columns made so far for one chunk: a list that only grows at its front, freed with the chunk.
///
/// A reader that needs a column builds it and puts it in front, unless another was faster: then its own is thrown away.
/// Nobody waits for anybody.
final class ChunkColumns: @unchecked Sendable {
  /// Address of the newest column, which this list retains; 0 = none.
  private let front = AtomicWord(0)

  /// Most keys of a chunk: filters over ever other keys do not fill the memory.
  private static let limit = 32

  deinit {
    // One after the other: the release of a long chain must not recurse.
    var column = Self.column(front.load()).map { Unmanaged.passUnretained($0).takeRetainedValue() }
    while let current = column {
      column = current.next
      current.next = nil
    }
  }

  /// The column of the leaf's key over at least `rows` rows; built when `isFull`, that is when no row will be added to those.
  /// nil when there is none and there will be none. It lives as long as the chunk.
  func column(for leaf: FilterLeaf, of chunk: Chunk, rows: Int, isFull: Bool) -> MetadataColumn? {
    let found = find(leaf, rows: rows)
    if found.column != nil || !isFull || found.count >= Self.limit { return found.column }
    guard let made = MetadataColumn.build(leaf, chunk, rows: rows) else { return nil }
    while true {
      let seen = front.load()
      if let other = find(leaf, rows: rows, from: seen).column { return other }
      made.next = Self.column(seen)
      let retained = Unmanaged.passRetained(made)
      if front.exchange(seen, for: UInt64(UInt(bitPattern: retained.toOpaque()))) {
        // The list held the older one itself and now holds it through the new one.
        if seen != 0 { Self.column(seen).map { Unmanaged.passUnretained($0).release() } }
        return made
      }
      retained.release()
    }
  }

  /// Bytes of all columns.
  var footprint: Int {
    var total = 0
    var column = Self.column(front.load())
    while let current = column {
      total += current.footprint
      column = current.next
    }
    return total
  }

  private func find(
    _ leaf: FilterLeaf, rows: Int, from start: UInt64? = nil
  ) -> (column: MetadataColumn?, count: Int) {
    var count = 0
    var column = Self.column(start ?? front.load())
    while let current = column {
      let isKey = current.key.withUnsafeBytes { $0.count == leaf.key.count && compareBytes($0, leaf.key) == 0 }
      if isKey, current.rows >= rows { return (current, count) }
      count += 1
      column = current.next
    }
    return (nil, count)
  }

  private static func column(_ address: UInt64) -> MetadataColumn? {
    guard let pointer = UnsafeRawPointer(bitPattern: UInt(address)) else { return nil }
    return Unmanaged<MetadataColumn>.fromOpaque(pointer).takeUnretainedValue()
  }
}
