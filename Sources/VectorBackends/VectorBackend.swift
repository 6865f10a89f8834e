import Support
import VectorModel

/// One collection of one backend, the same to all callers. Arguments are checked before they come here; errors carry no
/// secrets. Every call may come from any thread at any time.
package protocol VectorBackend: AnyObject, Sendable {
  /// What it can do; told before it was opened, too.
  var capabilities: Capabilities { get }
  /// Names of options that `SearchRequest.extra` may hold, see its backend's page in docs/backends.
  var searchOptions: [String] { get }

  /// Looks for the collection, and creates it where it is absent and may be created. An existing one is only read.
  ///
  /// Called before anything else, never by two threads at once; once it succeeded never again, after it failed perhaps again.
  /// Errors: those of `OpenRequest`, and whatever keeps the backend from answering.
  func open(_ request: OpenRequest, context: CallContext) throws(VectorError) -> CollectionShape

  func upsert(_ batch: RecordBatch, namespace: ByteString, context: CallContext) throws(VectorError) -> WriteOutcome
  /// `changes` hold nulls for keys to remove, unless `replace`. A missing id is `notFound` and changes nothing.
  func updateMetadata(
    ids: PackedStrings, changes: MetadataBatch, replace: Bool, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome
  func delete(ids: PackedStrings, namespace: ByteString, context: CallContext) throws(VectorError) -> WriteOutcome
  func delete(matching filter: Filter, namespace: ByteString, context: CallContext) throws(VectorError) -> WriteOutcome

  func search(_ request: SearchRequest, namespace: ByteString, context: CallContext) throws(VectorError)
    -> ResultColumns
  /// Neighbours of a stored record without itself; `request.queries` is empty.
  func search(
    near id: ByteString, _ request: SearchRequest, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns
  func get(
    ids: PackedStrings, include: Include, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns
  func page(_ request: PageRequest, namespace: ByteString, context: CallContext) throws(VectorError) -> ResultColumns
  func count(
    matching filter: Filter?, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> (count: UInt64, exact: Bool)

  func clear(namespace: ByteString, context: CallContext) throws(VectorError)
  func drop(context: CallContext) throws(VectorError)
  func flush(context: CallContext) throws(VectorError)
  /// Asks as little as possible to learn whether the backend works.
  func probe(context: CallContext) throws(VectorError)
  /// The kind is `auto` or one of `Capabilities.indexes`.
  func createIndex(_ index: IndexSpec, context: CallContext) throws(VectorError)
  func collections(context: CallContext) throws(VectorError) -> [ByteString]
  /// Namespaces that hold records, sorted by bytes.
  func namespaces(context: CallContext) throws(VectorError) -> [ByteString]
}

extension VectorBackend {
  package var searchOptions: [String] { [] }
}
