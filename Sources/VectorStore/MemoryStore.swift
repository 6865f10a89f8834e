import Support
import VectorModel

/// All records of one memory database: a table of namespaces. Readers take no lock.
///
/// A namespace comes with its first record and goes with its last.
package final class MemoryStore: @unchecked Sendable {
  package let settings: StoreSettings
  /// Held while the table of namespaces changes.
  private let writer = Lock(.collection)
  private let table = NamespaceTable()
  private let dropped = AtomicWord(0)

  package init(settings: StoreSettings) { self.settings = settings }

  // MARK: Writing

  package func upsert(
    _ batch: RecordBatch, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    while true {
      let store = try storeForWriting(namespace)
      do throws(VectorError) {
        if let outcome = try store.upsert(batch, context: context) { return outcome }
      } catch {
        forgetIfEmpty(store)
        throw error
      }
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

  package func delete(
    ids: PackedStrings, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    while let store = try store(namespace) {
      guard let outcome = try store.delete(ids: ids, context: context) else { continue }
      forgetIfEmpty(store)
      return outcome
    }
    return WriteOutcome(applied: ids.count, deleted: 0)
  }

  package func delete(
    matching filter: Filter, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    while let store = try store(namespace) {
      guard let outcome = try store.delete(matching: filter, context: context) else { continue }
      forgetIfEmpty(store)
      return outcome
    }
    return WriteOutcome(applied: 0, deleted: 0)
  }

  /// Deletes every record of a namespace and forgets the namespace.
  package func clear(namespace: ByteString, context: CallContext) throws(VectorError) {
    guard let store = try store(namespace) else { return }
    _ = try store.writing(context) { base throws(VectorError) in try store.clear(base) }
    forgetIfEmpty(store)
  }

  /// Lets go of everything; every later call is `notFound`, a second drop too.
  package func drop() throws(VectorError) {
    try writer.withLock { () throws(VectorError) in
      try checkPresent()
      // First, so that whoever finds a namespace missing knows why.
      dropped.store(1)
      table.removeAll()
    }
  }

  // MARK: Reading

  package func search(
    _ request: SearchRequest, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    if let store = try store(namespace) { return try store.search(request, context: context) }
    let results = try ResultColumns(kind: .search, dimensions: settings.dimensions, include: request.include)
    var pace = Pace(context)
    try results.endQueries(request.queries.count, &pace)
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
    var pace = Pace(context)
    for item in 0..<ids.count {
      try results.appendMissing(ids[item], &pace)
      guard results.found.append(0) else { throw .resultOutOfMemory }
    }
    try results.endQuery()
    return results
  }

  package func page(
    _ request: PageRequest, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    if let store = try store(namespace) { return try store.page(request, context: context) }
    _ = try request.start
    let results = try ResultColumns(kind: .page, dimensions: settings.dimensions, include: request.include)
    try results.endQuery()
    return results
  }

  package func count(
    matching filter: Filter?, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> Int {
    try store(namespace)?.count(matching: filter, context: context) ?? 0
  }

  /// Names of the namespaces that hold records, sorted by bytes. Errors: `outOfMemory`, `cancelled`, `timeout`. O(n log n);
  /// no namespace can be added or removed while they are collected.
  package func namespaces(context: CallContext) throws(VectorError) -> [ByteString] {
    var names: [ByteString] = []
    var pace = Pace(context)
    try writer.withLock { () throws(VectorError) in
      try checkPresent()
      // Room for the list and for sorting it.
      guard isMemoryAvailable(table.count * 4 * MemoryLayout<ByteString>.stride) else { throw .resultOutOfMemory }
      names.reserveCapacity(table.count)
      try table.forEach { store throws(VectorError) in
        try pace.spend(5)
        if store.snapshot.live > 0 { names.append(store.name) }
      }
    }
    names.sort()
    return names
  }

  /// Bytes the records of all namespaces hold. Waits for writers, and keeps namespaces from being added or removed.
  package var footprint: Int {
    writer.withLock {
      var total = 0
      table.forEach { total += $0.footprint }
      return total
    }
  }

  /// Whether the collection is still there. Errors: `notFound`.
  package func checkPresent() throws(VectorError) {
    if dropped.load() != 0 { throw VectorError(.notFound, "the collection was dropped") }
  }

  // MARK: Namespaces

  /// nil for a namespace without records.
  private func store(_ namespace: ByteString) throws(VectorError) -> NamespaceStore? {
    if let store = table.find(namespace) { return store }
    try checkPresent()
    return nil
  }

  private func storeForWriting(_ namespace: ByteString) throws(VectorError) -> NamespaceStore {
    if let store = try store(namespace) { return store }
    return try writer.withLock { () throws(VectorError) in
      if let store = try store(namespace) { return store }
      guard let store = NamespaceStore(namespace, settings: settings), table.add(store) else {
        throw .storeOutOfMemory
      }
      return store
    }
  }

  /// Takes a namespace without records out of the table; who is about to write to it makes a new one.
  private func forgetIfEmpty(_ store: NamespaceStore) {
    if store.snapshot.live > 0 { return }
    writer.withLock {
      // A writer may have put records in since, or somebody else have forgotten it.
      if store.retireIfEmpty() { table.remove(store) }
    }
  }
}
