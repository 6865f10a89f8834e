import VectorModel

/// What a collection is, once for all: its vectors' length and how near two of them are.
package struct CollectionShape: Sendable, Equatable {
  /// 1...65,536.
  package let dimensions: Int
  package let metric: Metric

  package init(dimensions: Int, metric: Metric) {
    self.dimensions = dimensions
    self.metric = metric
  }
}
