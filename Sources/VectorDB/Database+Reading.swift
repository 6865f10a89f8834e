import Support
import VectorBackends
import VectorModel

extension Database {
  /// The k nearest records of each query.
  package func search(_ queries: VectorRows, options: SearchOptions) throws(VectorError) -> ResultColumns {
    let operation = queries.count == 1 ? Operation.search : .searchBatch
    return try core.call(operation, options.call) { (shape, context) throws(VectorError) in
      try core.pipeline.cached({ .search(operation, cacheScope, queries, options) }, context) {
        (context) throws(VectorError) in
        try VectorChecks.check(
          queries, metric: shape.metric, dimensions: shape.dimensions, context: context)
        let request = try searchRequest(queries, options)
        return try ask(operation, request, context)
      }
    }
  }

  /// The k nearest records of a stored one, without itself.
  package func search(near id: UnsafeRawBufferPointer, options: SearchOptions) throws(VectorError) -> ResultColumns {
    try core.call(.searchByID, options.call) { (shape, context) throws(VectorError) in
      try core.pipeline.cached({ .search(near: id, cacheScope, options) }, context) { (context) throws(VectorError) in
        try checkID(id)
        let none = VectorRows(base: nil, count: 0, dimensions: shape.dimensions, strideBytes: 0)
        let request = try searchRequest(none, options)
        let id = ByteString(id)
        let (backend, namespace) = (core.backend, namespace)
        return try core.pipeline.hedged(.searchByID, context) { (context) throws(VectorError) in
          try backend.search(near: id, request, namespace: namespace, context: context)
        }
      }
    }
  }

  /// Records by id, in the order asked.
  package func get(ids: PackedStrings, call: CallOptions) throws(VectorError) -> ResultColumns {
    try core.call(.get, call) { (_, context) throws(VectorError) in
      try checkIDs(ids, context: context)
      return try core.backend.get(ids: ids, include: call.include, namespace: namespace, context: context)
    }
  }

  /// One page of the records of this namespace.
  package func page(_ options: PageOptions) throws(VectorError) -> ResultColumns {
    try core.call(.page, options.call) { (_, context) throws(VectorError) in
      guard PageOptions.limitRange.contains(options.limit) else {
        throw VectorError(.invalidArgument, "limit of a page is \(options.limit), expected 1 to 10000")
      }
      guard options.token.count <= PageOptions.maxTokenLength else {
        throw VectorError(.invalidArgument, "a page token of \(options.token.count) bytes did not come from here")
      }
      let request = try PageRequest(
        limit: Int(options.limit), token: Array(options.token), filter: parse(options.filter),
        include: options.call.include)
      return try core.backend.page(request, namespace: namespace, context: context)
    }
  }

  /// Number of records, or of those that match.
  package func count(
    matching filter: UnsafeRawBufferPointer, call: CallOptions
  ) throws(VectorError) -> (count: UInt64, exact: Bool) {
    try core.call(.count, call) { (_, context) throws(VectorError) in
      let filter = try parse(filter)
      let (backend, namespace) = (core.backend, namespace)
      return try core.pipeline.hedged(.count, context) { (context) throws(VectorError) in
        try backend.count(matching: filter, namespace: namespace, context: context)
      }
    }
  }

  package func collections(call: CallOptions) throws(VectorError) -> [ByteString] {
    try core.call(.collections, call) { (_, context) throws(VectorError) in
      try core.backend.collections(context: context)
    }
  }

  package func namespaces(call: CallOptions) throws(VectorError) -> [ByteString] {
    try core.call(.namespaces, call) { (_, context) throws(VectorError) in try core.backend.namespaces(context: context)
    }
  }

  /// Sends a search. Where it may be sent twice, the queries are copied: the second may outlive the call that lends them.
  private func ask(
    _ operation: Operation, _ request: SearchRequest, _ context: CallContext
  ) throws(VectorError) -> ResultColumns {
    let (backend, namespace) = (core.backend, namespace)
    if core.pipeline.hedger == nil {
      return try backend.search(request, namespace: namespace, context: context)
    }
    let queries = try OwnedRows(copying: request.queries)
    return try core.pipeline.hedged(operation, context) { (context) throws(VectorError) in
      var request = request
      request.queries = queries.rows
      return try withExtendedLifetime(queries) { () throws(VectorError) in
        try backend.search(request, namespace: namespace, context: context)
      }
    }
  }

  /// No text and `{}` filter nothing.
  private func parse(_ filter: UnsafeRawBufferPointer) throws(VectorError) -> Filter? {
    filter.isEmpty ? nil : try Filter.parse(filter)
  }

  private func searchRequest(_ queries: VectorRows, _ options: SearchOptions) throws(VectorError) -> SearchRequest {
    guard options.k > 0 else { throw VectorError(.invalidK, "k is 0, expected at least 1") }
    if let cap = core.backend.capabilities.maxTopK, options.k > UInt64(cap) {
      throw VectorError(.invalidK, "k is \(options.k), backend \"\(core.options.backend.rawValue)\" allows \(cap)")
    }
    try checkBound(options.maxDistance, "max_distance")
    try checkBound(options.minScore, "min_score")
    var request = try SearchRequest(
      queries: queries, k: Int(clamping: options.k), filter: parse(options.filter), include: options.call.include)
    request.extra = try options.call.extraOptions(core.options.backend, known: core.backend.searchOptions)
    request.exact = options.exact
    request.ef = options.ef == 0 ? nil : Int(options.ef)
    request.maxDistance = options.maxDistance
    request.minScore = options.minScore
    return request
  }

  private func checkBound(_ bound: Double?, _ name: StaticString) throws(VectorError) {
    if let bound, bound.isNaN { throw VectorError(.invalidArgument, "\(name) is NaN, expected a number") }
  }
}
