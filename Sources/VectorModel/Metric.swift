/// How near two vectors are. Every hit carries a distance (smaller is closer) and a score (larger is closer).
///
/// | metric | distance      | score          |
/// |--------|---------------|----------------|
/// | cosine | 1 − cos       | cos            |
/// | l2     | true Euclidean| 1/(1+distance) |
/// | dot    | −dot          | dot            |
package enum Metric: String, Sendable, CaseIterable {
  case cosine
  case l2
  case dot

  /// From an option's text; "euclidean" is accepted for l2.
  package init?(option: String) {
    self.init(rawValue: option == "euclidean" ? "l2" : option)
  }

  /// The score that belongs to a distance.
  package func score(distance: Float) -> Float {
    switch self {
    case .cosine: 1 - distance
    case .l2: 1 / (1 + distance)
    case .dot: -distance
    }
  }
}
