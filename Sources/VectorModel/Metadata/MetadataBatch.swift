/// Encoded metadata of the records of a batch, laid end to end: one allocation instead of one a record.
///
/// Entry i is `bytes[offsets[i] ..< offsets[i + 1]]` in the form of `MetadataEncoding`; an empty entry means no metadata.
package struct MetadataBatch: Sendable {
  package var bytes: [UInt8]
  package var offsets: [Int]

  package var count: Int { offsets.count - 1 }

  package init(bytes: [UInt8], offsets: [Int]) {
    self.bytes = bytes
    self.offsets = offsets
  }

  /// `count` records without metadata.
  package init(emptyCount count: Int) {
    self.init(bytes: [], offsets: Array(repeating: 0, count: count + 1))
  }

  /// The encoded bytes of one record, borrowed during `body`.
  package func withEntry<R>(_ index: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    bytes.withUnsafeBytes { all in
      body(UnsafeRawBufferPointer(rebasing: all[offsets[index]..<offsets[index + 1]]))
    }
  }
}
