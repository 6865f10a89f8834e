import Support
import VectorIndex
import VectorModel

/// What every vector must be before any backend sees it.
package enum VectorChecks {
  /// Refuses rows of another dimension, with NaN or infinity, with a norm above 1e18, and zero under cosine.
  ///
  /// `what` names a row in messages ("vector", "query"). Errors: `dimensionMismatch`, `invalidVector` with the index of
  /// the first bad row; `cancelled`, `timeout`. Reads each row once.
  package static func check(
    _ rows: VectorRows, metric: Metric, dimensions: Int, context: CallContext, what: String = "vector"
  ) throws(VectorError) {
    // No rows have no dimension: a host whose vectors are lists cannot know it.
    guard rows.count == 0 || rows.dimensions == dimensions else {
      throw VectorError(
        .dimensionMismatch, "the \(what) has \(rows.dimensions) dimensions, the database has \(dimensions)", index: 0)
    }
    var pace = Pace(context)
    for index in 0..<rows.count {
      try pace.spend(bytes: 16 + dimensions)
      guard let row = rows.row(index), let defect = RowNumbers.compute(row, dimensions: dimensions).defect else {
        continue
      }
      switch defect {
      case .notFinite:
        throw VectorError(
          .invalidVector, "\(what) \(index) \(firstNotFinite(row, dimensions: dimensions)): expected finite numbers",
          index: index)
      case .tooLarge:
        throw VectorError(.invalidVector, "\(what) \(index) has a norm above 1e18", index: index)
      case .zero where metric == .cosine:
        throw VectorError(
          .invalidVector, "\(what) \(index) is all zeros: cosine needs a direction", index: index)
      case .zero: continue
      }
    }
  }

  private static func firstNotFinite(_ row: UnsafeRawPointer, dimensions: Int) -> String {
    for component in 0..<dimensions {
      let value = row.loadUnaligned(fromByteOffset: component * 4, as: Float.self)
      if !value.isFinite { return "holds \(value) at component \(component)" }
    }
    return "is not finite"
  }
}
