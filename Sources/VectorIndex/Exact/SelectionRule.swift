import VectorModel

/// How the fast kernels decide, for one query, which rows can be left out without knowing their exact distance.
///
/// The kernels give each row a `score` in float32, larger is closer, that is an upper bound: for the row's true value v
/// (table) `v ≤ score + above`, and `v ≥ lowerBound(score, norm)`. A row whose score is below the cut is surely behind k
/// others, also after rounding distances to float32; every other row is kept and looked at exactly. A NaN is below nothing.
///
/// | form            | v                | kernel value    | scale          | offset         |
/// |-----------------|------------------|-----------------|----------------|----------------|
/// | cosine          | cos              | (q/‖q‖)·x       | 1/‖x‖          | 0              |
/// | dot             | q·x / ‖q‖        | (q/‖q‖)·x       | 1              | e‖x‖           |
/// | product (l2)    | 2q·x − ‖x‖²      | (2q)·x          | 1              | −(1−e)‖x‖²     |
/// | difference (l2) | −‖q − x‖²        | Σ(q−x)²         | −(1−e)         | 0              |
///
/// `e` is (roundings a term goes through + 16) · 2⁻²⁴; the 16 pays for the query's and the norm's own rounding, scale, offset
/// and the exact distance's error. `above` is what remains of e in units of v, and what may vanish by underflow.
struct SelectionRule: Sendable {
  enum Form: Sendable { case cosine, dot, product, difference }

  let form: Form
  private let error: Double
  private let underflow: Double
  private let norm: Double
  private let above: Double
  /// No bound holds: a query beyond the norm that the model allows.
  private let unbounded: Bool

  /// Rows of a smaller norm are kept under cosine, for their terms may vanish.
  static let smallestNorm: Float = 1e-20

  init(form: Form, depth: Int, dimensions: Int, squaredNorm: Double) {
    self.form = form
    error = Double(depth + 16) * 0x1p-24 * 1.01
    underflow = Double(dimensions) * 0x1p-125
    norm = squaredNorm.squareRoot()
    unbounded = !(squaredNorm <= RowNumbers.largestNorm * RowNumbers.largestNorm)
    above =
      switch form {
      case .cosine: error + 1e-12
      case .dot: underflow
      case .product: error * squaredNorm + underflow
      case .difference: underflow
      }
  }

  /// Factors and summands that make scores of the kernel's values, for `count` rows; they do not depend on the query.
  func fillTerms(
    _ norms: UnsafePointer<Float>, _ count: Int, _ scales: UnsafeMutablePointer<Float>,
    _ offsets: UnsafeMutablePointer<Float>
  ) {
    switch form {
    case .cosine:
      for i in 0..<count { scales[i] = norms[i] < SelectionRule.smallestNorm ? .nan : 1 / norms[i] }
      offsets.update(repeating: 0, count: count)
    case .dot:
      let share = Float(error * 1.0001)
      scales.update(repeating: 1, count: count)
      for i in 0..<count { offsets[i] = share * norms[i] }
    case .product:
      let share = -Float(1 - error)
      scales.update(repeating: 1, count: count)
      for i in 0..<count { offsets[i] = share * norms[i] * norms[i] }
    case .difference:
      scales.update(repeating: -Float(1 - error), count: count)
      offsets.update(repeating: 0, count: count)
    }
  }

  /// What the query's components are multiplied by before the fast kernels see them.
  var queryFactor: Double {
    switch form {
    case .cosine, .dot: norm > 0 ? 1 / norm : 0
    case .product: 2
    case .difference: 1
    }
  }

  /// A value that the row's v surely reaches.
  func lowerBound(score: Float, norm rowNorm: Float) -> Double {
    let score = Double(score)
    let row = Double(rowNorm)
    let bound =
      switch form {
      case .cosine: score - above
      case .dot: score - 2.001 * error * row - underflow
      case .product: score - 2.001 * error * row * row - above
      case .difference: score * (1 + 3 * error) - underflow
      }
    return bound.isNaN || unbounded ? -.infinity : bound
  }

  /// The cut when k rows surely have v ≥ `value`: rows below it are farther than all of them, even rounded to float32.
  func cut(reached value: Double) -> Float {
    if value == -.infinity || unbounded { return -.infinity }
    let margin =
      switch form {
      case .cosine: 0x1p-22
      case .dot: abs(value) * 0x1p-22 + 0x1p-148 / max(norm, .leastNonzeroMagnitude)
      case .product: max(norm * norm - value, 0) * 0x1p-21
      case .difference: -value * 0x1p-21
      }
    return rounded(value - margin)
  }

  /// The cut when k rows have an exact distance of at most `distance`: rows below it are farther.
  func cut(distance: Float) -> Float {
    if unbounded || !distance.isFinite { return -.infinity }
    let limit = Double(distance.nextUp)
    switch form {
    case .cosine: return distance >= 2 ? -.infinity : rounded(1 - limit)
    case .dot: return norm > 0 ? rounded(-limit / norm) : -.infinity
    case .product: return rounded(norm * norm - limit * limit)
    case .difference: return rounded(-limit * limit)
    }
  }

  private func rounded(_ value: Double) -> Float {
    let cut = value - above - abs(value) * 0x1p-40
    return cut.isNaN ? -.infinity : Float(cut).nextDown
  }
}
