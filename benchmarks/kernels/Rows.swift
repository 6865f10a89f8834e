import CSupport
import Support
import VectorIndex
import VectorModel

/// Random rows in one block.
final class Rows: @unchecked Sendable {
  let count: Int
  let dimensions: Int
  let vectors: UnsafeMutablePointer<Float>
  let norms: UnsafeMutablePointer<Float>

  /// Nil when there is no memory for them.
  init?(count: Int, dimensions: Int) {
    // The memory the store takes for its rows: aligned, in huge pages where the system gives them.
    guard let memory = vdb_rows_new(count * dimensions * 4) else { return nil }
    vectors = memory.assumingMemoryBound(to: Float.self)
    norms = .allocate(capacity: count)
    self.count = count
    self.dimensions = dimensions
    var state: UInt64 = 42
    for row in 0..<count {
      for i in 0..<dimensions {
        // A sum of uniform numbers is near enough to a normal one.
        var sum: Float = 0
        for _ in 0..<3 {
          state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          sum += Float(state >> 40) * 0x1p-24 - 0.5
        }
        vectors[row * dimensions + i] = sum
      }
      norms[row] = RowNumbers.compute(vectors + row * dimensions, dimensions: dimensions).norm
    }
  }

  deinit {
    vdb_rows_free(vectors, bytes)
    norms.deallocate()
  }

  var bytes: Int { count * dimensions * 4 }

  var block: RowBlock {
    RowBlock(vectors: vectors, stride: dimensions, norms: norms, count: count, mask: nil)
  }

  /// The first rows, slightly turned, as queries.
  func queries(_ count: Int) -> [Float] {
    (0..<count * dimensions).map { vectors[$0] + vectors[($0 + 977) % (self.count * dimensions)] * 0.3 }
  }
}
