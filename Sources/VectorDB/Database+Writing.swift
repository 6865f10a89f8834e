import Support
import VectorBackends
import VectorModel

extension Database {
  /// Writes a batch of records; `metadata` is a JSON array, or empty for none.
  package func upsert(
    ids: PackedStrings, vectors: VectorRows, metadata: UnsafeRawBufferPointer, call: CallOptions
  ) throws(VectorError) -> WriteOutcome {
    try core.call(.upsert, call, outcome: \.outcome) { (shape, context) throws(VectorError) in
      guard ids.count == vectors.count else {
        throw VectorError(.invalidArgument, "\(ids.count) ids for \(vectors.count) vectors")
      }
      try checkIDs(ids, context: context)
      try VectorChecks.check(
        vectors, metric: shape.metric, dimensions: shape.dimensions, context: context)
      let parsed =
        metadata.isEmpty
        ? MetadataBatch(emptyCount: ids.count)
        : try MetadataBatch.parse(json: metadata, count: ids.count, patches: false, context: context)
      try core.options.fields?.check(parsed, context: context)
      if ids.count == 0 { return WriteOutcome(applied: 0) }
      let selection = try RepeatedIDs(ids, context: context)
      let batch = RecordBatch(ids: ids, vectors: vectors, metadata: parsed, selection: selection)
      return try core.writing(to: cacheScope) { () throws(VectorError) in
        try core.backend.upsert(batch, namespace: namespace, context: context)
      }
    }
  }

  /// Merges or replaces metadata of existing records; `changes` is a JSON array, one object an id.
  package func updateMetadata(
    ids: PackedStrings, changes: UnsafeRawBufferPointer, call: CallOptions
  ) throws(VectorError) -> WriteOutcome {
    try core.call(.updateMetadata, call, outcome: \.outcome) { (_, context) throws(VectorError) in
      try checkIDs(ids, context: context)
      let parsed = try MetadataBatch.parse(json: changes, count: ids.count, patches: !call.replace, context: context)
      try core.options.fields?.check(parsed, context: context)
      if ids.count == 0 { return WriteOutcome(applied: 0) }
      return try core.writing(to: cacheScope) { () throws(VectorError) in
        try core.backend.updateMetadata(
          ids: ids, changes: parsed, replace: call.replace, namespace: namespace, context: context)
      }
    }
  }

  /// Deletes by id; unknown ids are no error.
  package func delete(ids: PackedStrings, call: CallOptions) throws(VectorError) -> WriteOutcome {
    try core.call(.delete, call, outcome: \.outcome) { (_, context) throws(VectorError) in
      try checkIDs(ids, context: context)
      return try core.writing(to: cacheScope) { () throws(VectorError) in
        try core.backend.delete(ids: ids, namespace: namespace, context: context)
      }
    }
  }

  /// Deletes what matches; an empty filter is refused, since it most often is a mistake.
  package func delete(matching filter: UnsafeRawBufferPointer, call: CallOptions) throws(VectorError) -> WriteOutcome {
    try core.call(.deleteWhere, call, outcome: \.outcome) { (_, context) throws(VectorError) in
      guard !filter.isEmpty, let parsed = try Filter.parse(filter) else {
        throw VectorError(.invalidFilter, "an empty filter would delete every record: use clear for that")
      }
      return try core.writing(to: cacheScope) { () throws(VectorError) in
        try core.backend.delete(matching: parsed, namespace: namespace, context: context)
      }
    }
  }

  /// Deletes every record of this namespace.
  package func clear(call: CallOptions) throws(VectorError) {
    try core.call(.clear, call) { (_, context) throws(VectorError) in
      _ = try core.writing(to: cacheScope) { () throws(VectorError) in
        try core.backend.clear(namespace: namespace, context: context)
        return WriteOutcome(applied: 0)
      }
    }
  }

  /// Deletes the collection with all its namespaces.
  package func drop(call: CallOptions) throws(VectorError) {
    try core.call(.drop, call) { (_, context) throws(VectorError) in
      guard !isView else {
        throw VectorError(
          .invalidArgument, "drop from a view of namespace \(quoted(namespace)): use the database itself")
      }
      try core.backend.drop(context: context)
    }
    core.markDropped()
  }

  /// Returns when what was written is durable and visible.
  package func flush(call: CallOptions) throws(VectorError) {
    try core.call(.flush, call) { (_, context) throws(VectorError) in
      try core.pipeline.flushing(cacheScope) { () throws(VectorError) in try core.backend.flush(context: context) }
    }
  }

  /// Builds an index; `options` is `{"index": kind}` or empty.
  package func createIndex(options: UnsafeRawBufferPointer, call: CallOptions) throws(VectorError) {
    try core.call(.createIndex, call) { (_, context) throws(VectorError) in
      let index = try IndexOption.parse(options, core.options.backend) ?? core.options.index
      try core.pipeline.changingEverything { () throws(VectorError) in
        try core.backend.createIndex(index, context: context)
      }
    }
  }
}
