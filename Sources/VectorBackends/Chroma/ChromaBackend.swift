import Resilience
import Support
import VectorModel

/// A collection of a Chroma server, over its REST interface, version 2.
///
/// Namespaces are fields and prefixes of ids (`ChromaNames`). Searches are approximate: the server keeps an HNSW graph and no other
/// way to search it.
package final class ChromaBackend: VectorBackend {
  let collection: ChromaCollection
  let pages = ChromaPages()

  var requests: ChromaRequests { collection.requests }

  package init(_ settings: ChromaSettings, _ executor: RequestExecutor<Pool<HTTPConnectionFactory>>) {
    collection = ChromaCollection(settings, ChromaRequests(executor, authorization: settings.authorization))
    capabilities = Capabilities(
      backend: "chroma", maxTopK: nil, maxDimensions: 65_536, vectorsUnchanged: false, atomicBatch: false,
      metadataUpdate: .readModifyWrite, readYourWrites: settings.isCloud ? .bestEffort : .strong, filteredCount: true,
      filterOperators: Filter.operators.filter { $0 != "$exists" }, metrics: Metric.allCases.map(\.rawValue),
      indexes: ["hnsw"])
  }

  package let capabilities: Capabilities

  package func open(_ request: OpenRequest, context: CallContext) throws(VectorError) -> CollectionShape {
    try collection.open(request, context)
  }

  package func drop(context: CallContext) throws(VectorError) { try collection.drop(context) }

  /// What was answered is stored and seen by the next search: only that the collection is still there is left to ask.
  package func flush(context: CallContext) throws(VectorError) { _ = try total(.flush, context) }

  package func probe(context: CallContext) throws(VectorError) {
    try requests.send(.probe, .get, "/api/v2/heartbeat", context) { _ in }
  }

  /// The graph is there from the beginning.
  package func createIndex(_ index: IndexSpec, context: CallContext) throws(VectorError) {
    if index.m != nil || index.efConstruction != nil {
      throw VectorError(
        .unsupported, "backend \"chroma\" cannot change the index of a collection: it is built as it was created")
    }
    _ = try total(.createIndex, context)
  }

  package func collections(context: CallContext) throws(VectorError) -> [ByteString] {
    let page = 1000
    var names: [ByteString] = []
    while true {
      let path = "\(collection.settings.databasePath)?limit=\(page)&offset=\(names.count)"
      let more = try requests.send(.collections, .get, path, context) { value in
        value.elements.compactMap { $0["name"]?.string }
      }
      names += more
      if more.count < page { return names.sorted() }
    }
  }

  package func namespaces(context: CallContext) throws(VectorError) -> [ByteString] {
    let named = ChromaFilter.test(key: ByteString(ChromaNames.namedKey), op: .eq, [.bool(true)])
    let ids = try storedIDs(.namespaces, named, context)
    var names = Set(ids.map { ChromaNames.parts(ofStored: $0).namespace })
    if try total(.namespaces, context) > ids.count { names.insert(ByteString([])) }
    return names.sorted()
  }

  /// Records of all namespaces together.
  func total(_ kind: RequestKind, _ context: CallContext) throws(VectorError) -> Int {
    try collection.reaching(context) { (_, path) throws(VectorError) in
      try requests.send(kind, .get, "\(path)/count", context) { (value) throws(ChromaAnswers.Violation) in
        guard let count = value.integer, let count = Int(exactly: count), count >= 0 else {
          throw ChromaAnswers.Violation(message: "a count that is no number")
        }
        return count
      }
    }
  }

  /// Ids of what matches, as they are stored.
  func storedIDs(
    _ kind: RequestKind, _ filter: ChromaFilter, _ context: CallContext, limit: Int? = nil
  ) throws(VectorError) -> [ByteString] {
    if filter == .nothing { return [] }
    let body = try ChromaBodies.ids(matching: filter, limit: limit)
    return try collection.reaching(context) { (_, path) throws(VectorError) in
      try requests.send(kind, .post, "\(path)/get", context, body: body) { (value) throws(ChromaAnswers.Violation) in
        try ChromaAnswers.ids(value)
      }
    }
  }
}
