import CSupport
import Glibc
import Support
import VectorModel

/// The columns made so far for one chunk: for each segment of its rows a list that only grows at its front, freed with the
/// chunk.
///
/// A reader that needs a column builds it and puts it in front, unless another was faster: then its own is thrown away.
/// Nobody waits for anybody.
final class ChunkColumns: @unchecked Sendable {
  /// Address of each segment's newest column, which this list retains; 0 = none.
  private let fronts: UnsafeMutablePointer<UInt64>
  private let segments: Int

  /// Most keys of a segment: filters over ever other keys do not fill the memory.
  private static let limit = 32

  /// For a chunk of `capacity` rows; nil when out of memory.
  init?(capacity: Int) {
    segments = (capacity + MetadataColumn.segmentRows - 1) / MetadataColumn.segmentRows
    guard let memory = calloc(max(segments, 1), 8) else { return nil }
    fronts = memory.bindMemory(to: UInt64.self, capacity: max(segments, 1))
  }

  deinit {
    for segment in 0..<segments {
      // One after the other: the release of a long chain must not recurse.
      var column = front(segment).map { Unmanaged.passUnretained($0).takeRetainedValue() }
      while let current = column {
        column = current.next
        current.next = nil
      }
    }
    free(fronts)
  }

  /// The column of the leaf's key over at least the first `rows` rows of a segment, nil when there is none yet. It lives
  /// as long as the chunk.
  func column(for leaf: FilterLeaf, segment: Int, rows: Int) -> MetadataColumn? {
    find(leaf, rows: rows, from: front(segment)).column
  }

  /// The same, but built when there is none; nil when there is none and there will be none. All `rows` rows are written,
  /// and they are all that the segment gets. O(rows × fields) when it is built. Errors: `cancelled`, `timeout`.
  func column(
    for leaf: FilterLeaf, building segment: Int, of chunk: Chunk, rows: Int, _ pace: inout Pace
  ) throws(VectorError) -> MetadataColumn? {
    let found = find(leaf, rows: rows, from: front(segment))
    if found.column != nil || found.count >= Self.limit { return found.column }
    let first = segment * MetadataColumn.segmentRows
    let builder = ColumnBuilder(leaf: leaf, chunk: chunk, rows: first..<first + rows)
    guard let made = try builder.build(&pace) else { return nil }
    while true {
      let seen = front(segment)
      if let other = find(leaf, rows: rows, from: seen).column { return other }
      made.next = seen
      let retained = Unmanaged.passRetained(made)
      if vdb_atomic_compare_exchange(fronts + segment, Self.address(seen), Self.address(made)) != 0 {
        // The list held the older one itself and now holds it through the new one.
        if let seen { Unmanaged.passUnretained(seen).release() }
        return made
      }
      retained.release()
    }
  }

  /// Bytes of all columns.
  var footprint: Int {
    var total = segments * 8
    for segment in 0..<segments {
      var column = front(segment)
      while let current = column {
        total += current.footprint
        column = current.next
      }
    }
    return total
  }

  private func find(
    _ leaf: FilterLeaf, rows: Int, from front: MetadataColumn?
  ) -> (column: MetadataColumn?, count: Int) {
    var count = 0
    var column = front
    while let current = column {
      let isKey = current.key.withUnsafeBytes { $0.count == leaf.key.count && compareBytes($0, leaf.key) == 0 }
      if isKey, current.rows >= rows { return (current, count) }
      count += 1
      column = current.next
    }
    return (nil, count)
  }

  private func front(_ segment: Int) -> MetadataColumn? {
    guard let pointer = UnsafeRawPointer(bitPattern: UInt(vdb_atomic_load(fronts + segment))) else { return nil }
    return Unmanaged<MetadataColumn>.fromOpaque(pointer).takeUnretainedValue()
  }

  private static func address(_ column: MetadataColumn?) -> UInt64 {
    UInt64(UInt(bitPattern: column.map { Unmanaged.passUnretained($0).toOpaque() }))
  }
}
