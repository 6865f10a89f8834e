import Support

/// Encoded metadata of the records of a batch, laid end to end: one allocation instead of one a record.
///
/// An entry is in the form of `MetadataEncoding`; an empty one means no metadata. Immutable once made.
package struct MetadataBatch: Sendable {
  /// Number of records.
  package let count: Int
  private let bytes: ColumnBuffer<UInt8>
  /// End of each entry in `bytes`; none when every record is without metadata.
  private let ends: ColumnBuffer<Int>

  /// `count` records without metadata.
  package init(emptyCount count: Int) {
    self.init(count: count, bytes: ColumnBuffer(), ends: ColumnBuffer())
  }

  init(count: Int, bytes: ColumnBuffer<UInt8>, ends: ColumnBuffer<Int>) {
    self.count = count
    self.bytes = bytes
    self.ends = ends
  }

  /// The encoded bytes of one record, borrowed during `body`.
  package func withEntry<R, E: Error>(_ index: Int, _ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    guard index >= 0, index < ends.count, let ends = ends.base else {
      return try body(UnsafeRawBufferPointer(start: nil, count: 0))
    }
    let start = index == 0 ? 0 : ends[index - 1]
    let entry = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes.elements[start..<ends[index]]))
    return try withExtendedLifetime(self) { () throws(E) -> R in try body(entry) }
  }
}
