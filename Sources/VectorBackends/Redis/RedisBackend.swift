import Resilience
import Support
import VectorModel

/// Records as hashes in Redis, searched by its query engine. Files beside this one hold its operations.
package final class RedisBackend: VectorBackend {
  package typealias Requests = RequestExecutor<Pool<RedisConnectionFactory>>

  let settings: RedisSettings
  let requests: Requests
  let state = RedisState()

  package init(_ settings: RedisSettings, _ requests: Requests) {
    self.settings = settings
    self.requests = requests
  }

  package var capabilities: Capabilities {
    var capabilities = Self.capabilities
    capabilities.maxTopK = state.maxResults
    return capabilities
  }

  private static let capabilities = Capabilities(
    backend: "redis", maxTopK: nil, maxDimensions: 65_536, vectorsUnchanged: true, atomicBatch: false,
    metadataUpdate: .atomic, readYourWrites: .strong, filteredCount: true, filterOperators: Filter.operators,
    metrics: Metric.allCases.map(\.rawValue), indexes: ["flat", "hnsw"])

  /// Runs one request.
  func run<Answer>(
    _ kind: RequestKind, _ context: CallContext,
    _ body: (RedisConnection, CallContext) throws(AttemptFailure) -> Answer
  ) throws(VectorError) -> Answer {
    do throws(RequestFailure) {
      return try requests.run(kind, context, body)
    } catch {
      let error = VectorError(error, of: kind)
      if error.status == .notFound { state.doubt() }
      throw error
    }
  }

  /// Only records in our own form can be written.
  func writable() throws(VectorError) -> RedisIndex {
    let index = try state.opened
    guard index.isOurs else {
      throw VectorError(
        .readOnly, "index \(quoted(settings.index)) was not made by this library: it can be read and searched only")
    }
    return index
  }

  /// An index of others has no namespaces.
  func check(_ namespace: ByteString, _ index: RedisIndex) throws(VectorError) {
    guard index.isOurs || namespace.isEmpty else {
      throw VectorError(
        .unsupported, "index \(quoted(settings.index)) was not made by this library and has no namespaces")
    }
  }
}

/// What an open database learns of its index. Any thread.
final class RedisState: @unchecked Sendable {
  private let lock = Lock(.leaf)
  // Under the lock.
  private var index: RedisIndex?
  private var limit = 1_000_000
  private var isDropped = false
  private var isDoubted = false
  /// Whether a record in a named namespace was ever seen, 0 or 1: until then searches need not name theirs.
  let seesNamespaces = AtomicWord(0)

  var opened: RedisIndex {
    get throws(VectorError) {
      let (index, isGone) = lock.withLock { (self.index, self.isDropped) }
      if isGone { throw VectorError(.notFound, "the index was dropped") }
      guard let index else { throw VectorError(.internal, "the index is used before it was opened") }
      return index
    }
  }

  /// The most results the server gives at once.
  var maxResults: Int { lock.withLock { limit } }

  func open(_ opened: RedisIndex, maxResults: Int?) {
    lock.withLock {
      index = opened
      if let maxResults, maxResults > 0 { limit = maxResults }
    }
  }

  /// The index was gone: one that takes its place may have other fields, and another shape.
  func doubt() {
    lock.withLock {
      index?.fields = [:]
      isDoubted = true
    }
  }

  /// Whether the schema has to be looked at before anything is written.
  var mustLook: Bool { lock.withLock { isDoubted } }

  func drop() { lock.withLock { isDropped = true } }

  /// Takes note of fields that were found or added.
  func add(_ fields: [ByteString: RedisField]) {
    lock.withLock {
      index?.fields.merge(fields) { _, new in new }
      isDoubted = false
    }
  }

  /// Failures of indexing since this was asked last.
  func newFailures(_ total: Int) -> Int {
    lock.withLock {
      let before = index?.failures ?? total
      index?.failures = total
      return max(0, total - before)
    }
  }
}
