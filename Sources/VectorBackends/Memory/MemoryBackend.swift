import Resilience
import Support
import VectorModel
import VectorStore

/// Records in the memory of this process, gone with the database. Exact search, atomic batches, readers without locks.
package final class MemoryBackend: VectorBackend {
  private let store: MemoryStore
  private let shape: CollectionShape
  private let name: ByteString
  private let requests: LocalRequests

  /// `threads` bounds what one search may use; 0 = all processors.
  package init(
    dimensions: Int, metric: Metric, threads: Int, name: ByteString, requests: LocalRequests = .standard
  ) {
    shape = CollectionShape(dimensions: dimensions, metric: metric)
    let threads = threads > 0 ? threads : WorkerPool.shared.parallelism
    store = MemoryStore(settings: StoreSettings(dimensions: dimensions, metric: metric, threads: threads))
    self.name = name
    self.requests = requests
  }

  /// Bytes the records hold, rows that have ended included until their memory is used again.
  package var footprint: Int { store.footprint }

  package let capabilities = Capabilities(
    backend: "memory", maxTopK: nil, maxDimensions: 65_536, vectorsUnchanged: true, atomicBatch: true,
    metadataUpdate: .atomic, readYourWrites: .strong, filteredCount: true,
    filterOperators: Filter.operators, metrics: Metric.allCases.map(\.rawValue), indexes: ["flat"])

  /// It was made with its handle: there is nothing to look for.
  package func open(_ request: OpenRequest, context: CallContext) throws(VectorError) -> CollectionShape { shape }

  package func upsert(
    _ batch: RecordBatch, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    try requests.run(.upsert, items: batch.ids.count, context) { (_, context) throws(VectorError) in
      // All of it again, where only some failed: the batch is one step, and writing a record twice leaves it once.
      try store.upsert(batch, namespace: namespace, context: context)
    }
  }

  package func updateMetadata(
    ids: PackedStrings, changes: MetadataBatch, replace: Bool, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    try requests.run(.updateMetadata, context) { (context) throws(VectorError) in
      try store.updateMetadata(ids: ids, changes: changes, replace: replace, namespace: namespace, context: context)
    }
  }

  package func delete(
    ids: PackedStrings, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    try requests.run(.delete, context) { (context) throws(VectorError) in
      try store.delete(ids: ids, namespace: namespace, context: context)
    }
  }

  package func delete(
    matching filter: Filter, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    try requests.run(.deleteWhere, context) { (context) throws(VectorError) in
      try store.delete(matching: filter, namespace: namespace, context: context)
    }
  }

  package func search(
    _ request: SearchRequest, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    try requests.run(.search, context) { (context) throws(VectorError) in
      try store.search(request, namespace: namespace, context: context)
    }
  }

  package func search(
    near id: ByteString, _ request: SearchRequest, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    try requests.run(.search, context) { (context) throws(VectorError) in
      try store.search(near: id, request, namespace: namespace, context: context)
    }
  }

  package func get(
    ids: PackedStrings, include: Include, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    try requests.run(.get, context) { (context) throws(VectorError) in
      try store.get(ids: ids, include: include, namespace: namespace, context: context)
    }
  }

  package func page(
    _ request: PageRequest, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    try requests.run(.page, context) { (context) throws(VectorError) in
      try store.page(request, namespace: namespace, context: context)
    }
  }

  package func count(
    matching filter: Filter?, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> (count: UInt64, exact: Bool) {
    try requests.run(.count, context) { (context) throws(VectorError) in
      (UInt64(try store.count(matching: filter, namespace: namespace, context: context)), true)
    }
  }

  package func clear(namespace: ByteString, context: CallContext) throws(VectorError) {
    try requests.run(.clear, context) { (context) throws(VectorError) in
      try store.clear(namespace: namespace, context: context)
    }
  }

  package func drop(context: CallContext) throws(VectorError) {
    try requests.run(.drop, context) { (_) throws(VectorError) in try store.drop() }
  }

  /// Nothing to wait for: what was written is visible, and durable nowhere.
  package func flush(context: CallContext) throws(VectorError) {
    try requests.run(.flush, context) { (_) throws(VectorError) in try store.checkPresent() }
  }

  package func probe(context: CallContext) throws(VectorError) {
    try requests.run(.probe, context) { (_) throws(VectorError) in try store.checkPresent() }
  }

  /// Its one index is there from the beginning.
  package func createIndex(_ index: IndexSpec, context: CallContext) throws(VectorError) {
    try requests.run(.createIndex, context) { (_) throws(VectorError) in try store.checkPresent() }
  }

  package func collections(context: CallContext) throws(VectorError) -> [ByteString] {
    try requests.run(.collections, context) { (_) throws(VectorError) in try store.checkPresent() }
    return [name]
  }

  package func namespaces(context: CallContext) throws(VectorError) -> [ByteString] {
    try requests.run(.namespaces, context) { (context) throws(VectorError) in
      try store.namespaces(context: context)
    }
  }
}
