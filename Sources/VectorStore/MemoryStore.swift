import Support
import VectorModel

/// All records of one memory database: a table of namespaces. Readers take no lock.
package final class MemoryStore: @unchecked Sendable {
  package let settings: StoreSettings
  private let writer = Lock(.collection)
  private let cell: SnapshotCell<Table>

  /// The namespaces at one time.
  private final class Table: Sendable {
    let stores: [ByteString: NamespaceStore]
    let isDropped: Bool

    init(_ stores: [ByteString: NamespaceStore], isDropped: Bool = false) {
      self.stores = stores
      self.isDropped = isDropped
    }
  }

  package init(settings: StoreSettings) {
    self.settings = settings
    cell = SnapshotCell(Table([:]))
  }

  // MARK: Writing

  package func upsert(
    _ batch: RecordBatch, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    while true {
      let store = try storeForWriting(namespace)
      if let outcome = try store.upsert(batch, context: context) { return outcome }
    }
  }

  /// A namespace without records has none to change: `notFound` for the first id.
  package func updateMetadata(
    ids: PackedStrings, changes: MetadataBatch, replace: Bool, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    guard ids.count > 0 else { return WriteOutcome(applied: 0) }
    while let store = try store(namespace) {
      if let outcome = try store.updateMetadata(ids: ids, changes: changes, replace: replace, context: context) {
        return outcome
      }
    }
    throw VectorError(.notFound, "there is no record \(quoted(ids[0]))", index: 0)
  }

  package func delete(ids: PackedStrings, namespace: ByteString) throws(VectorError) -> WriteOutcome {
    while let store = try store(namespace) {
      if let outcome = store.delete(ids: ids) { return outcome }
    }
    return WriteOutcome(applied: ids.count, deleted: 0)
  }

  package func delete(
    matching filter: Filter, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    while let store = try store(namespace) {
      if let outcome = try store.delete(matching: filter, context: context) { return outcome }
    }
    return WriteOutcome(applied: 0, deleted: 0)
  }

  /// Deletes every record of a namespace and forgets the namespace.
  package func clear(namespace: ByteString) throws(VectorError) {
    guard let store = try store(namespace) else { return }
    _ = try store.writing { base throws(VectorError) in try store.clear(base) }
    writer.withLock {
      let table = cell.load()
      // A writer may have put records in since.
      guard table.stores[namespace] === store, store.retireIfEmpty() else { return }
      var stores = table.stores
      stores[namespace] = nil
      cell.publish(Table(stores, isDropped: table.isDropped))
    }
  }

  /// Lets go of everything; every later call is `notFound`, a second drop too.
  package func drop() throws(VectorError) {
    try writer.withLock { () throws(VectorError) in
      _ = try table()
      cell.publish(Table([:], isDropped: true))
    }
  }

  // MARK: Reading

  package func search(
    _ request: SearchRequest, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    if let store = try store(namespace) { return try store.search(request, context: context) }
    let results = try ResultColumns(kind: .search, dimensions: settings.dimensions, include: request.include)
    for _ in 0..<request.queries.count { try results.endQuery() }
    return results
  }

  package func search(
    near id: ByteString, _ request: SearchRequest, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    if let store = try store(namespace) { return try store.search(near: id, request, context: context) }
    throw VectorError(.notFound, "there is no record \(id.bytes.withUnsafeBytes { quoted($0) })")
  }

  package func get(
    ids: PackedStrings, include: Include, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    if let store = try store(namespace) { return try store.get(ids: ids, include: include, context: context) }
    let results = try ResultColumns(kind: .get, dimensions: settings.dimensions, include: include)
    for item in 0..<ids.count {
      try results.appendMissing(ids[item])
      guard results.found.append(0) else { throw .resultOutOfMemory }
    }
    try results.endQuery()
    return results
  }

  package func page(
    _ request: PageRequest, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    let empty = NamespaceStore(settings: settings)
    guard let store = try store(namespace) ?? empty else { throw .resultOutOfMemory }
    return try store.page(request, context: context)
  }

  package func count(
    matching filter: Filter?, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> Int {
    try store(namespace)?.count(matching: filter, context: context) ?? 0
  }

  /// Names of the namespaces that hold records, sorted by bytes.
  package func namespaces() throws(VectorError) -> [ByteString] {
    try table().stores.filter { $0.value.snapshot.live > 0 }.keys.sorted()
  }

  /// Bytes the records of all namespaces hold. Waits for writers.
  package var footprint: Int { cell.load().stores.values.reduce(0) { $0 + $1.footprint } }

  /// Whether the collection is still there. Errors: `notFound`.
  package func checkPresent() throws(VectorError) { _ = try table() }

  // MARK: Namespaces

  private func table() throws(VectorError) -> Table {
    let table = cell.load()
    if table.isDropped { throw VectorError(.notFound, "the collection was dropped") }
    return table
  }

  private func store(_ namespace: ByteString) throws(VectorError) -> NamespaceStore? {
    try table().stores[namespace]
  }

  private func storeForWriting(_ namespace: ByteString) throws(VectorError) -> NamespaceStore {
    if let store = try store(namespace) { return store }
    return try writer.withLock { () throws(VectorError) in
      let table = try table()
      if let store = table.stores[namespace] { return store }
      guard let store = NamespaceStore(settings: settings) else { throw .storeOutOfMemory }
      var stores = table.stores
      stores[namespace] = store
      cell.publish(Table(stores))
      return store
    }
  }
}
