import Resilience
import Support
import VectorModel

extension MilvusBackend {
  package func drop(context: CallContext) throws(VectorError) {
    do throws(VectorError) {
      let _: MilvusProtoStatus = try requests.call(.drop, .dropCollection, collectionRequest(), context)
    } catch {
      // Gone is gone, and a repeated request finds what the first one left.
      guard error.status == .notFound else { throw error }
    }
  }

  /// Milvus keeps what it acknowledged. A read that sees everything waits until all that was written before is visible.
  package func flush(context: CallContext) throws(VectorError) {
    let collection = try collection()
    _ = try query(
      Query(
        expression: MilvusReading.condition(collection, .always(true)), partition: "", limit: 1, consistency: .strong),
      .flush, context)
  }

  package func probe(context: CallContext) throws(VectorError) {
    let _: MilvusProtoDescribeCollectionResponse = try requests.call(
      .probe, .describeCollection, collectionRequest(), context)
  }

  package func collections(context: CallContext) throws(VectorError) -> [ByteString] {
    var request = MilvusProtoShowCollectionsRequest()
    request.dbName = settings.database
    let answer: MilvusProtoShowCollectionsResponse = try requests.call(
      .collections, .showCollections, request, context)
    return answer.collectionNames.map { ByteString(Array($0)) }.sorted()
  }

  /// Asks each partition of ours for one record.
  package func namespaces(context: CallContext) throws(VectorError) -> [ByteString] {
    let collection = try collection()
    let answer: MilvusProtoShowPartitionsResponse = try requests.call(
      .namespaces, .showPartitions, collectionRequest(), context)
    var found: Set<ByteString> = []
    for partition in answer.partitionNames {
      guard let owner = MilvusPlace.owner(ofPartition: partition) else { continue }
      let rows = try query(
        Query(
          expression: MilvusReading.condition(collection, .always(true)), partition: partition,
          include: owner == .digest ? .metadata : [], limit: 1, consistency: settings.consistency),
        .namespaces, context)
      guard rows.count > 0 else { continue }
      switch owner {
      case .namespace(let namespace): found.insert(namespace)
      case .digest:
        defer { withExtendedLifetime(rows) {} }
        if let named = try MilvusMetadata.namespace(of: rows.document(0)) { found.insert(named) }
      }
    }
    return found.sorted()
  }
}
