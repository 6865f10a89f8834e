/// Stored rows that a search looks at together: one chunk of a store, borrowed for the length of the call.
///
/// Nothing needs alignment, but rows that start at multiples of 64 bytes are read fastest.
package struct RowBlock: @unchecked Sendable {
  /// Row r is `dimensions` floats from `vectors + r * stride`.
  package let vectors: UnsafePointer<Float>
  /// Floats from one row to the next, at least the dimension.
  package let stride: Int
  /// `RowNumbers.norm` of each row.
  package let norms: UnsafePointer<Float>
  /// Rows in the block, below 2^32.
  package let count: Int
  /// Bit `r & 63` of word `r >> 6` says whether row r takes part; nil = all do. Bits from `count` on are ignored, words
  /// up to `(count + 63) / 64` are read.
  package let mask: UnsafePointer<UInt64>?

  package init(
    vectors: UnsafePointer<Float>, stride: Int, norms: UnsafePointer<Float>, count: Int, mask: UnsafePointer<UInt64>?
  ) {
    self.vectors = vectors
    self.stride = stride
    self.norms = norms
    self.count = count
    self.mask = mask
  }
}

/// A row of the blocks given to a search.
package struct RowReference: Hashable, Sendable, BitwiseCopyable {
  /// Index of the block in the list given to the search.
  package let block: UInt32
  /// Row in that block.
  package let row: UInt32

  package init(block: UInt32, row: UInt32) {
    self.block = block
    self.row = row
  }
}

extension RowBlock {
  /// Rows that take part, over all blocks. One pass over the masks.
  static func participants(of blocks: [RowBlock]) -> Int {
    var total = 0
    for block in blocks {
      guard let mask = block.mask else {
        total += block.count
        continue
      }
      for word in 0..<block.count / 64 { total += mask[word].nonzeroBitCount }
      let rest = UInt64(block.count % 64)
      if rest > 0 { total += (mask[block.count / 64] & ((1 << rest) - 1)).nonzeroBitCount }
    }
    return total
  }
}
