import Support
import VectorModel

extension ChromaAnswers {
  /// The distance of the library for Chroma's number: it tells l2 squared, and the product as 1 − dot.
  static func distance(_ raw: Double, _ metric: Metric) -> Float {
    switch metric {
    case .cosine: Float(min(max(raw, 0), 2))
    case .l2: Float(max(raw, 0).squareRoot())
    case .dot: Float(raw - 1)
    }
  }

  /// One hit, still in the answer, which must be kept as long.
  private struct Hit {
    let id: UnsafeRawBufferPointer
    let distance: Float
    let metadata: JSONValue?
    let vector: JSONValue?
  }

  /// What the answer to a query gave.
  enum Hits {
    case taken
    /// It found records of a named namespace, where those of the default one were asked for.
    case foreign
    case outOfMemory
  }

  /// Appends the hits of all queries of an answer, each list sorted by distance and id, cut to what the request wants.
  ///
  /// Nothing is appended when hits of another namespace are among them.
  static func take(
    _ value: JSONValue, of count: Int, _ request: SearchRequest, _ known: ChromaCollection.Known, namespace: ByteString,
    into results: ResultColumns
  ) throws(Violation) -> Hits {
    let ids = try column(value, "ids", count)
    let distances = try column(value, "distances", count)
    let metadata = request.include.contains(.metadata) ? try column(value, "metadatas", count) : nil
    let vectors = request.include.contains(.vectors) ? try column(value, "embeddings", count) : nil
    var (nextDistances, nextMetadata, nextVectors) = (distances.elements, metadata?.elements, vectors?.elements)
    var lists: [[Hit]] = []
    for query in ids.elements {
      guard let own = nextDistances.next() else { throw Violation(message: "too few distances") }
      let list = try hits(
        query, own, nextMetadata?.next(), nextVectors?.next(), known.shape.metric, namespace: namespace)
      guard let list else { return .foreign }
      lists.append(list)
    }
    for list in lists {
      guard try append(list, request, known, into: results) else { return .outOfMemory }
    }
    return .taken
  }

  /// The hits of one query; nil when one belongs to another namespace.
  private static func hits(
    _ ids: JSONValue, _ distances: JSONValue, _ metadata: JSONValue?, _ vectors: JSONValue?, _ metric: Metric,
    namespace: ByteString
  ) throws(Violation) -> [Hit]? {
    let count = ids.count
    guard ids.kind == .array, distances.count == count, metadata?.count ?? count == count,
      vectors?.count ?? count == count
    else {
      throw Violation(message: "columns of different lengths")
    }
    var (nextDistance, nextMetadata, nextVector) = (distances.elements, metadata?.elements, vectors?.elements)
    var hits: [Hit] = []
    hits.reserveCapacity(count)
    for element in ids.elements {
      guard let stored = element.stringBytes, let raw = nextDistance.next()?.double, !raw.isNaN else {
        throw Violation(message: "a hit without id or distance")
      }
      let parts = ChromaNames.parts(ofStored: stored)
      guard parts.namespace.elementsEqual(namespace.bytes) else { return nil }
      hits.append(
        Hit(
          id: parts.id, distance: distance(raw, metric), metadata: nextMetadata?.next(), vector: nextVector?.next()))
    }
    hits.sort { $0.distance != $1.distance ? $0.distance < $1.distance : compareBytes($0.id, $1.id) < 0 }
    return hits
  }

  /// False when out of memory.
  private static func append(
    _ hits: [Hit], _ request: SearchRequest, _ known: ChromaCollection.Known, into results: ResultColumns
  ) throws(Violation) -> Bool {
    guard results.reserve(rows: hits.count) else { return false }
    var left = request.k
    for hit in hits {
      if let excluded = request.excludedID, hit.id.elementsEqual(excluded.bytes) { continue }
      let score = known.shape.metric.score(distance: hit.distance)
      if let most = request.maxDistance, Double(hit.distance) > most { break }
      if let least = request.minScore, Double(score) < least { break }
      if left == 0 { break }
      left -= 1
      guard results.distances.append(hit.distance), results.scores.append(score),
        try append(id: hit.id, metadata: hit.metadata, vector: hit.vector, known.lists, to: results)
      else { return false }
    }
    return results.rowOffsets.append(UInt64(results.rowCount))
  }

  /// Appends one record to the columns that are asked for; false when out of memory.
  static func append(
    id: UnsafeRawBufferPointer, metadata: JSONValue?, vector: JSONValue?, _ lists: ChromaLists,
    to results: ResultColumns
  ) throws(Violation) -> Bool {
    guard results.append(id: id) else { return false }
    if results.include.contains(.metadata) {
      if let metadata {
        guard ChromaMetadata.append(metadata, lists, to: results.metadata) else { return false }
      }
      guard results.metadataOffsets.append(UInt64(results.metadata.count)) else { return false }
    }
    if results.include.contains(.vectors) {
      guard let vector else { throw Violation(message: "no vector although it was asked for") }
      return try append(vector: vector, dimensions: results.dimensions, to: results.vectors)
    }
    return true
  }
}
