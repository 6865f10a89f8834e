/// How rows of one dimension lie in a chunk.
package struct RowLayout: Sendable {
  package let dimensions: Int
  /// Floats from one row to the next.
  package let stride: Int

  /// Rows begin at cache lines when that wastes at most a sixteenth.
  package init(dimensions: Int) {
    self.dimensions = dimensions
    let padded = (dimensions + 15) / 16 * 16
    stride = (padded - dimensions) * 16 <= dimensions ? padded : dimensions
  }

  /// Bytes a row takes in a chunk's columns: vector, norm, end, record.
  package var bytesPerRow: Int { stride * 4 + 4 + 8 + 8 }

  /// Rows of the next chunk of a store that has `rows` already: as many again, between 256 and 16 MiB of them.
  package func nextCapacity(rows: Int) -> Int {
    let most = min(max(Self.largestChunk / bytesPerRow, 1), RowAddress.slotLimit)
    return min(max(rows, 256), most)
  }

  private static let largestChunk = 16 << 20
}
