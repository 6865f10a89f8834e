import Resilience
import Support
import VectorModel

/// A collection of Milvus, Milvus Lite or Zilliz Cloud, spoken to over gRPC.
///
/// A record is a row of three fields: key, vector, and metadata as one JSON document. A namespace is a partition.
package final class MilvusBackend: VectorBackend {
  let settings: MilvusSettings
  let requests: MilvusRequests
  /// Lets one write at a time through to Milvus Lite, whose log two at once tear: after a crash all that follows is lost.
  private let gate = Bulkhead(
    BulkheadSettings(maxConcurrent: 1, maxWaiting: 1_000_000, maxWait: .seconds(3600)), SystemEnvironment.shared)
  private let lock = Lock(.leaf)
  // Under the lock.
  private nonisolated(unsafe) var opened: MilvusCollection?
  /// Partitions that are known to exist.
  private nonisolated(unsafe) var partitions: Set<String> = []

  package init(_ settings: MilvusSettings, _ executor: RequestExecutor<Pool<HTTPConnectionFactory>>) {
    self.settings = settings
    requests = MilvusRequests(executor, settings)
    capabilities = Capabilities(
      backend: "milvus", maxTopK: Self.maxTopK, maxDimensions: 32_768, vectorsUnchanged: true, atomicBatch: false,
      metadataUpdate: .readModifyWrite, readYourWrites: settings.consistency == .strong ? .strong : .flush,
      filteredCount: true, filterOperators: Filter.operators, metrics: Metric.allCases.map(\.rawValue),
      indexes: ["flat", "hnsw", "ivf"])
  }

  package let capabilities: Capabilities

  /// "nprobe": parts of an IVF index to look into.
  package var searchOptions: [String] { ["nprobe"] }

  /// Largest k, and most rows that one query gives.
  static let maxTopK = 16_384

  /// The collection, which was opened before anything is done with it. Errors: `internal`.
  func collection() throws(VectorError) -> MilvusCollection {
    guard let opened = lock.withLock({ opened }) else {
      throw VectorError(.internal, "the collection was used before it was opened")
    }
    return opened
  }

  /// Notes what the collection is; from then on it is used so.
  func keep(_ collection: MilvusCollection) { lock.withLock { opened = collection } }

  /// Runs a write, one at a time where the server needs that. Errors: those of the write, `cancelled`, `timeout`, `overloaded`.
  func alone<Answer>(
    _ context: CallContext, _ write: () throws(VectorError) -> Answer
  ) throws(VectorError) -> Answer {
    guard let gate, try collection().isLite else { return try write() }
    do throws(AdmissionFailure) { try gate.enter(context) } catch {
      var failure = VectorError(.overloaded, "too many writes wait for Milvus Lite, which takes one at a time")
      if let interruption = context.interruption() { failure = VectorError(interruption) }
      failure.details = VectorError.RemoteDetails(applied: .no)
      throw failure
    }
    defer { gate.leave() }
    return try write()
  }

  // MARK: - Partitions

  /// Whether a partition is there, asked once while it is not. The default one always is.
  func hasPartition(_ name: String, _ kind: RequestKind, _ context: CallContext) throws(VectorError) -> Bool {
    if name == MilvusPlace.defaultPartition || lock.withLock({ partitions.contains(name) }) { return true }
    let answer: MilvusProtoBoolResponse = try requests.call(kind, .hasPartition, partitionRequest(name), context)
    if answer.value { lock.withLock { _ = partitions.insert(name) } }
    return answer.value
  }

  /// Makes sure that there is a partition to write to.
  func preparePartition(_ name: String, _ kind: RequestKind, _ context: CallContext) throws(VectorError) {
    if try hasPartition(name, kind, context) { return }
    do throws(VectorError) {
      let _: MilvusProtoStatus = try requests.call(.createPartition, .createPartition, partitionRequest(name), context)
    } catch {
      // Somebody else may have been faster.
      guard try hasPartition(name, kind, context) else { throw error }
    }
    lock.withLock { _ = partitions.insert(name) }
  }

  /// Somebody else may have dropped one.
  func forgetPartition(_ name: String) { lock.withLock { _ = partitions.remove(name) } }

  private func partitionRequest(_ name: String) -> MilvusProtoPartitionRequest {
    var request = MilvusProtoPartitionRequest()
    request.dbName = settings.database
    request.collectionName = settings.collection
    request.partitionName = name
    return request
  }

  func collectionRequest() -> MilvusProtoCollectionRequest {
    var request = MilvusProtoCollectionRequest()
    request.dbName = settings.database
    request.collectionName = settings.collection
    return request
  }
}

extension RequestKind {
  /// What opening asks.
  static let describe = RequestKind("open", .read)
  /// What opening does where there is no collection. A second one finds the first in its place.
  static let create = RequestKind("create", .control, isIdempotent: false)
  /// The first half of changing metadata.
  static let readToUpdate = RequestKind("update_metadata", .read)
  static let load = RequestKind("load", .control)
  static let createPartition = RequestKind("create_namespace", .control, isIdempotent: false)
}
