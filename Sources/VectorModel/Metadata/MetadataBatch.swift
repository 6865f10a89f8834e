import Support

/// Encoded metadata of the records of a batch, laid end to end: one allocation instead of one a record.
///
/// An entry is in the form of `MetadataEncoding`; an empty one means no metadata. Immutable once made.
package struct MetadataBatch: @unchecked Sendable {
  /// Number of records.
  package let count: Int
  /// Whether a key or a text may hold a NUL character; false = none does.
  package let mayHoldNUL: Bool
  /// Number of entries: `count`, or none when every record is without metadata.
  private let entryCount: Int
  private let bytes: UnsafeRawPointer?
  /// End of each entry in `bytes`.
  private let ends: UnsafePointer<Int>?
  /// Keep the memory above alive.
  private let owners: (ColumnBuffer<UInt8>, ColumnBuffer<Int>)

  /// `count` records without metadata.
  package init(emptyCount count: Int) {
    self.init(count: count, bytes: ColumnBuffer(), ends: ColumnBuffer(), mayHoldNUL: false)
  }

  init(count: Int, bytes: ColumnBuffer<UInt8>, ends: ColumnBuffer<Int>, mayHoldNUL: Bool) {
    self.count = count
    self.mayHoldNUL = mayHoldNUL
    entryCount = ends.count
    self.bytes = UnsafeRawPointer(bytes.base)
    self.ends = UnsafePointer(ends.base)
    owners = (bytes, ends)
  }

  /// The encoded bytes of one record, borrowed during `body`.
  package func withEntry<R, E: Error>(_ index: Int, _ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    guard index >= 0, index < entryCount, let ends, let bytes else {
      return try body(UnsafeRawBufferPointer(start: nil, count: 0))
    }
    let start = index == 0 ? 0 : ends[index - 1]
    defer { withExtendedLifetime(owners) {} }
    return try body(UnsafeRawBufferPointer(start: bytes + start, count: ends[index] - start))
  }
}
