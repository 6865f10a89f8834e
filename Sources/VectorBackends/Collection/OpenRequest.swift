import VectorModel

/// How a collection is to be opened: what was asked for, and what may be done about a missing one.
package struct OpenRequest: Sendable {
  /// Option "mode".
  package enum Mode: String, Sendable, CaseIterable {
    case createOrOpen = "create_or_open"
    case open
    case create
  }

  package var mode: Mode
  /// nil = whatever an existing collection has; needed to create one.
  package var dimensions: Int?
  /// nil = whatever an existing collection has, cosine for a new one.
  package var metric: Metric?
  /// The index a new collection gets. An existing one keeps its own.
  package var index: IndexSpec

  package init(mode: Mode = .createOrOpen, dimensions: Int? = nil, metric: Metric? = nil, index: IndexSpec = .init()) {
    self.mode = mode
    self.dimensions = dimensions
    self.metric = metric
    self.index = index
  }

  /// The shape of a collection to be created, when there is none. `what` names it in messages: `table "docs"`.
  ///
  /// Errors: `notFound` where only opening was asked for, `invalidOption` without dimensions.
  package func shapeToCreate(_ what: String) throws(VectorError) -> CollectionShape {
    if mode == .open { throw VectorError(.notFound, "there is no \(what), and mode \"open\" creates none") }
    guard let dimensions else {
      throw VectorError(.invalidOption, "there is no \(what): option \"dimensions\" is required to create it")
    }
    return CollectionShape(dimensions: dimensions, metric: metric ?? .cosine)
  }

  /// Accepts a collection that exists already, and completes what it does not tell.
  ///
  /// - Parameters:
  ///   - dimensions: of the existing collection; nil where it does not say.
  ///   - metric: of the existing collection; nil where it does not say, the asked one counts then, or cosine.
  ///
  /// Errors: `alreadyExists` where creating was asked for; `conflict` when it is of another shape; `invalidOption` when nobody
  /// knows the dimensions.
  package func check(_ what: String, dimensions found: Int?, metric foundMetric: Metric?) throws(VectorError)
    -> CollectionShape
  {
    if mode == .create { throw VectorError(.alreadyExists, "\(what) exists already, and mode \"create\" opens none") }
    if let found, let dimensions, found != dimensions {
      throw VectorError(.conflict, "\(what) has \(found) dimensions, option \"dimensions\" asks for \(dimensions)")
    }
    if let foundMetric, let metric, foundMetric != metric {
      throw VectorError(
        .conflict,
        "\(what) has the metric \"\(foundMetric.rawValue)\", option \"metric\" asks for \"\(metric.rawValue)\"")
    }
    guard let known = found ?? dimensions else {
      throw VectorError(.invalidOption, "\(what) does not tell its dimensions: option \"dimensions\" is required")
    }
    return CollectionShape(dimensions: known, metric: foundMetric ?? metric ?? .cosine)
  }
}
