import CSupport
import Support
import VectorModel

/// Queries that are answered in one pass over the rows, prepared for the fast kernels.
///
/// One or two queries are compared row by row as memory delivers them; from three on they are packed into panels
/// (component by component, up to `tile_vectors` vectors of queries side by side) for the matrix product.
struct QueryGroup: @unchecked Sendable {
  /// Queries answered by scanning; more go through tiles.
  static let largestScan = 2
  /// Components a tile works on before its sums go back to memory: bounds the depth of the sums and the working set.
  static let chunk = 512

  let count: Int
  let tiled: Bool
  let rules: [SelectionRule]
  let distances: [ExactDistance]
  private let kernels: vdb_kernels
  private let dimensions: Int
  private let packed: ScratchMemory<Float>

  /// Errors: `outOfMemory`, `cancelled`, `timeout`.
  init(
    _ queries: VectorRows, _ range: Range<Int>, metric: Metric, kernels: vdb_kernels, context: CallContext
  ) throws(VectorError) {
    var pace = Pace(context)
    let dimensions = queries.dimensions
    count = range.count
    tiled = count > QueryGroup.largestScan
    self.kernels = kernels
    self.dimensions = dimensions
    let lanes = Int(kernels.lanes)
    let form: SelectionRule.Form =
      switch metric {
      case .cosine: .cosine
      case .dot: .dot
      case .l2: tiled ? .product : .difference
      }
    let depth =
      tiled
      ? min(dimensions, QueryGroup.chunk) + dimensions / QueryGroup.chunk + 2
      : dimensions / Int(kernels.scan_lanes) + 10
    var rules: [SelectionRule] = []
    var distances: [ExactDistance] = []
    for index in range {
      guard let query = queries.row(index) else { continue }
      try pace.spend(bytes: 100 + dimensions)
      let distance = ExactDistance(metric: metric, dimensions: dimensions, kernels: kernels, query: query)
      distances.append(distance)
      rules.append(
        SelectionRule(form: form, depth: depth, dimensions: dimensions, squaredNorm: distance.squaredNorm))
    }
    self.rules = rules
    self.distances = distances
    let columns = tiled ? (count + lanes - 1) / lanes * lanes : count
    packed = try ScratchMemory(count: columns * dimensions)
    if tiled { try pack(&pace) } else { try copy(&pace) }
  }

  /// The query of a scan: aligned, multiplied by its rule's factor.
  func scanned(_ query: Int) -> UnsafePointer<Float> { UnsafePointer(packed.base + query * dimensions) }

  /// Panels, each `vectors * lanes` queries wide but for the last.
  var panelCount: Int { (count + panelWidth - 1) / panelWidth }

  private var panelWidth: Int { Int(kernels.tile_vectors * kernels.lanes) }

  /// Panel `index`: its first query, how many it has, how many vectors wide it is, and its first component.
  func panel(_ index: Int) -> (first: Int, queries: Int, vectors: Int, base: UnsafePointer<Float>) {
    let lanes = Int(kernels.lanes)
    let first = index * panelWidth
    let queries = min(panelWidth, count - first)
    return (first, queries, (queries + lanes - 1) / lanes, UnsafePointer(packed.base + first * dimensions))
  }

  private func component(_ query: Int, _ index: Int) -> Float {
    let value = distances[query].query.loadUnaligned(fromByteOffset: index * 4, as: Float.self)
    return Float(Double(value) * rules[query].queryFactor)
  }

  private func copy(_ pace: inout Pace) throws(VectorError) {
    for query in 0..<count {
      try pace.spend(bytes: 2 * dimensions)
      for i in 0..<dimensions { packed.base[query * dimensions + i] = component(query, i) }
    }
  }

  private func pack(_ pace: inout Pace) throws(VectorError) {
    let lanes = Int(kernels.lanes)
    for index in 0..<panelCount {
      let panel = panel(index)
      let width = panel.vectors * lanes
      let base = packed.base + panel.first * dimensions
      for column in 0..<width {
        try pace.spend(bytes: 4 * dimensions)
        for i in 0..<dimensions {
          base[i * width + column] = column < panel.queries ? component(panel.first + column, i) : 0
        }
      }
    }
  }
}
