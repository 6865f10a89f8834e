import Support
import VectorKernels
import VectorModel

/// The k nearest rows of each query, without approximation, ordered by (distance, id bytes).
package struct ExactSearch: Sendable {
  private let metric: Metric
  private let dimensions: Int

  package init(metric: Metric, dimensions: Int) {
    self.metric = metric
    self.dimensions = dimensions
  }

  /// Looks at every row of `blocks` that its mask lets through.
  ///
  /// `compareIDs` orders two rows by their id bytes (negative, zero, positive); it decides between equal distances and
  /// is called from several threads. Lists are shorter than `k` when fewer rows take part. Errors: `cancelled`,
  /// `timeout`, `outOfMemory`, and `dimensionMismatch` for queries of another dimension.
  package func search(
    queries: VectorRows, k: Int, blocks: [RowBlock],
    compareIDs: @Sendable (RowReference, RowReference) -> Int,
    threads: Int, context: CallContext
  ) throws(VectorError) -> NeighborLists {
    throw VectorError(.unsupported, "exact search is being built")
  }
}
