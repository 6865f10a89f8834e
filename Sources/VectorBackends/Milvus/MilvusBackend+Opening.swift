import Resilience
import Support
import SwiftProtobuf
import VectorModel

extension MilvusBackend {
  private var what: String { "collection \"\(settings.collection)\"" }

  package func open(_ request: OpenRequest, context: CallContext) throws(VectorError) -> CollectionShape {
    let version: MilvusProtoGetVersionResponse = try requests.call(
      .describe, .getVersion, MilvusProtoGetVersionRequest(), context)
    let isLite = version.version.hasPrefix("milvus_lite") || version.version.hasPrefix("milvus-lite")
    let collection: MilvusCollection
    if let schema = try describe(context) {
      collection = try existing(schema, request, isLite: isLite, context)
    } else {
      collection = try create(request, isLite: isLite, context)
    }
    keep(collection)
    return collection.shape
  }

  /// The schema of the collection; nil when there is none.
  private func describe(_ context: CallContext) throws(VectorError) -> MilvusProtoCollectionSchema? {
    do throws(VectorError) {
      let answer: MilvusProtoDescribeCollectionResponse = try requests.call(
        .describe, .describeCollection, collectionRequest(), context)
      return answer.schema
    } catch {
      guard error.status == .notFound else { throw error }
      return nil
    }
  }

  private func existing(
    _ schema: MilvusProtoCollectionSchema, _ request: OpenRequest, isLite: Bool, _ context: CallContext
  ) throws(VectorError) -> MilvusCollection {
    let fields = try MilvusCollection.fields(schema, settings)
    let index = try describeIndex(fields.vector, context)
    // The metric is known where there is an index.
    let shape = try request.check(what, dimensions: fields.dimensions, metric: index?.metric)
    if index == nil {
      // Ours, whose creation broke off, is completed; nobody else's is touched.
      guard fields.isOurs, request.mode != .open else {
        throw VectorError(.conflict, "\(what) has no index on field \(quoted(fields.vector)): it cannot be searched")
      }
      try indexNew(fields.vector, request, shape, context)
    }
    try load(context)
    var collection = MilvusCollection(
      shape: shape, index: index?.spec ?? request.index.kind, isLite: isLite)
    (collection.idField, collection.vectorField) = (fields.id, fields.vector)
    (collection.metadataField, collection.isOurs) = (fields.metadata, fields.isOurs)
    return collection
  }

  private func create(
    _ request: OpenRequest, isLite: Bool, _ context: CallContext
  ) throws(VectorError) -> MilvusCollection {
    let shape = try request.shapeToCreate(what)
    guard shape.dimensions <= capabilities.maxDimensions else {
      throw VectorError(
        .invalidOption, "option \"dimensions\" is \(shape.dimensions), Milvus allows \(capabilities.maxDimensions)")
    }
    var message = MilvusProtoCreateCollectionRequest()
    message.dbName = settings.database
    message.collectionName = settings.collection
    message.consistencyLevel = settings.consistency.rawValue
    do {
      message.schema = try MilvusCollection.schema(settings.collection, dimensions: shape.dimensions).serializedData()
    } catch { throw VectorError(.internal, "the schema could not be written: \(error)") }
    do throws(VectorError) {
      let _: MilvusProtoStatus = try requests.call(.create, .createCollection, message, context)
    } catch {
      // Another process may have been faster, or an answer was lost: whatever is there now counts.
      guard error.details?.applied != .no || error.status == .backend, let schema = try describe(context) else {
        throw error
      }
      return try existing(schema, request, isLite: isLite, context)
    }
    try indexNew(MilvusSettings.Fields.vector, request, shape, context)
    try load(context)
    return MilvusCollection(shape: shape, index: request.index.kind, isLite: isLite)
  }

  // MARK: - Index

  private struct ExistingIndex {
    let name: String
    let spec: IndexSpec.Kind
    let metric: Metric?
  }

  /// The index on the field with vectors; nil when there is none.
  private func describeIndex(_ field: String, _ context: CallContext) throws(VectorError) -> ExistingIndex? {
    var request = MilvusProtoDescribeIndexRequest()
    request.dbName = settings.database
    request.collectionName = settings.collection
    let answer: MilvusProtoDescribeIndexResponse
    do throws(VectorError) {
      answer = try requests.call(.describe, .describeIndex, request, context)
    } catch {
      guard error.status == .notFound else { throw error }
      return nil
    }
    guard let index = answer.indexDescriptions.first(where: { $0.fieldName == field }) else { return nil }
    func value(_ key: String) -> String? { index.params.first { $0.key == key }?.value }
    return ExistingIndex(
      name: index.indexName, spec: IndexSpec.Kind(milvusName: value("index_type") ?? ""),
      metric: value("metric_type").flatMap { Metric(milvusName: $0) })
  }

  /// Gives a new collection its index. Where another process was faster, its index must be of the metric that was asked for.
  private func indexNew(
    _ field: String, _ request: OpenRequest, _ shape: CollectionShape, _ context: CallContext
  ) throws(VectorError) {
    do throws(VectorError) {
      try createIndex(request.index, field, shape.metric, context)
    } catch {
      guard let index = try describeIndex(field, context) else { throw error }
      guard index.metric == shape.metric else {
        throw VectorError(.conflict, "somebody else gave \(what) an index of another metric at the same time")
      }
    }
  }

  private func createIndex(
    _ index: IndexSpec, _ field: String, _ metric: Metric, _ context: CallContext
  ) throws(VectorError) {
    var request = MilvusProtoCreateIndexRequest()
    request.dbName = settings.database
    request.collectionName = settings.collection
    request.fieldName = field
    request.indexName = field
    request.extraParams = index.milvusParameters(metric)
    let _: MilvusProtoStatus = try requests.call(.createIndex, .createIndex, request, context)
  }

  /// Another index than the present one takes its place. Milvus only lets go of one while nothing is loaded, so searches fail
  /// until the new one is there.
  package func createIndex(_ index: IndexSpec, context: CallContext) throws(VectorError) {
    var collection = try collection()
    if let present = try describeIndex(collection.vectorField, context) {
      // Milvus does not say with which parameters in a form to compare: the same kind is the same index.
      if present.spec == index.kind || index.kind == .auto { return }
      let _: MilvusProtoStatus = try requests.call(.createIndex, .releaseCollection, collectionRequest(), context)
      var drop = MilvusProtoDropIndexRequest()
      drop.dbName = settings.database
      drop.collectionName = settings.collection
      drop.fieldName = collection.vectorField
      drop.indexName = present.name
      let _: MilvusProtoStatus = try requests.call(.createIndex, .dropIndex, drop, context)
    }
    try createIndex(index, collection.vectorField, collection.shape.metric, context)
    try load(context)
    collection.index = index.kind
    keep(collection)
  }

  // MARK: - Loading

  /// Has Milvus hold the collection ready for searching, and waits until it does.
  func load(_ context: CallContext) throws(VectorError) {
    if try isLoaded(context) { return }
    var request = MilvusProtoLoadCollectionRequest()
    request.dbName = settings.database
    request.collectionName = settings.collection
    request.replicaNumber = 1
    let _: MilvusProtoStatus = try requests.call(.load, .loadCollection, request, context)
    var pause: UInt64 = 10
    while try !isLoaded(context) {
      try requests.wait(milliseconds: pause, context)
      pause = min(pause * 2, 500)
    }
  }

  private func isLoaded(_ context: CallContext) throws(VectorError) -> Bool {
    var request = MilvusProtoGetLoadStateRequest()
    request.dbName = settings.database
    request.collectionName = settings.collection
    let answer: MilvusProtoGetLoadStateResponse = try requests.call(.load, .getLoadState, request, context)
    // 0 not there, 1 not loaded, 2 loading, 3 loaded.
    guard answer.state != 0 else { throw VectorError(.notFound, "there is no \(what)") }
    return answer.state == 3
  }
}
