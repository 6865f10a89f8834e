import CSupport
import VectorModel

/// The one distance of a query to a row: computed in double, rounded once. Every path of every index answers with it, so
/// all give the same bits (docs/decisions/one-distance.md).
struct ExactDistance: @unchecked Sendable {
  let metric: Metric
  let dimensions: Int
  let kernels: vdb_kernels
  /// Borrowed, needs no alignment.
  let query: UnsafeRawPointer
  /// Exact sum of squares of the query.
  let squaredNorm: Double

  init(metric: Metric, dimensions: Int, kernels: vdb_kernels, query: UnsafeRawPointer) {
    self.metric = metric
    self.dimensions = dimensions
    self.kernels = kernels
    self.query = query
    squaredNorm = kernels.squared_norm(query, dimensions)
  }

  /// Distance to a row. Never NaN: what has no distance is infinitely far. The cosine of a zero vector is 0.
  func callAsFunction(_ row: UnsafeRawPointer) -> Float {
    let distance: Double
    switch metric {
    case .dot:
      distance = -kernels.dot(query, row, dimensions)
    case .l2:
      distance = kernels.squared_distance(query, row, dimensions).squareRoot()
    case .cosine:
      // The root of the product, not the product of roots: a vector is at distance 0 of itself, not nearly.
      var sums = (0.0, 0.0)
      withUnsafeMutablePointer(to: &sums) {
        $0.withMemoryRebound(to: Double.self, capacity: 2) { kernels.dot_and_norm(query, row, dimensions, $0) }
      }
      let product = (squaredNorm * sums.1).squareRoot()
      distance = product == 0 ? 1 : min(max(1 - sums.0 / product, 0), 2)
    }
    return distance.isNaN ? .infinity : Float(distance)
  }
}
