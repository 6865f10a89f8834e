import Resilience
import Support
import VectorBackends
import VectorModel

/// One open database, or a view of one of its namespaces: checks what comes in, then calls the backend.
///
/// A view shares everything with its database but the namespace. Thread-safe.
package final class Database: Sendable {
  let core: DatabaseCore
  let namespace: ByteString
  /// Views may not drop what they only look at.
  let isView: Bool

  private init(core: DatabaseCore, namespace: ByteString, isView: Bool) {
    self.core = core
    self.namespace = namespace
    self.isView = isView
  }

  /// Opens `name` with options in JSON; see `docs/options.md`.
  package static func open(
    name: UnsafeRawBufferPointer, options: UnsafeRawBufferPointer, call: CallOptions
  ) throws(VectorError) -> Database {
    let name = try checkedName(name, "name", 1...255)
    try call.refuseExtraOptions()
    let parsed = try DatabaseOptions.parse(options)
    if let interruption = call.context(standard: Operation.open.standardTimeout).interruption() {
      throw VectorError(interruption)
    }
    let core = try DatabaseCore(name: name, options: parsed)
    core.announce(.info, "database.opened")
    return Database(core: core, namespace: parsed.namespace, isView: false)
  }

  /// A view of another namespace.
  package func namespace(_ name: UnsafeRawBufferPointer) throws(VectorError) -> Database {
    Database(core: core, namespace: try checkedName(name, "namespace", 0...255), isView: true)
  }
}

/// What a database and its views share.
final class DatabaseCore: Sendable {
  let name: ByteString
  let options: DatabaseOptions
  let backend: any VectorBackend
  let metrics = CallMetrics(operations: Operation.allCases.map(\.label))
  private let dropped = AtomicWord(0)
  /// Whether the collection is gone and every later call fails.
  var isDropped: Bool { dropped.load() != 0 }

  init(name: ByteString, options: DatabaseOptions) throws(VectorError) {
    self.name = name
    self.options = options
    backend = MemoryBackend(
      dimensions: options.dimensions, metric: options.metric, threads: options.threads, name: name)
  }

  deinit { announce(.info, "database.closed") }

  func markDropped() { dropped.store(1) }

  /// Tells the log callback something about this database.
  func announce(_ level: LogLevel, _ event: StaticString) {
    EventForwarder.shared.send(level, event) { json in
      json.field("database", name)
      json.field("backend", options.backend.rawValue)
    }
  }

  /// Runs one operation: bounds it, counts and times it, and says in its error where it came from.
  func call<R>(
    _ operation: Operation, _ call: CallOptions, _ body: (CallContext) throws(VectorError) -> R
  ) throws(VectorError) -> R {
    let start = monotonicNanoseconds()
    metrics.started()
    do throws(VectorError) {
      try call.refuseExtraOptions()
      let context = call.context(standard: options.timeout ?? operation.standardTimeout)
      if let interruption = context.interruption() { throw VectorError(interruption) }
      let result = try body(context)
      metrics.ended(operation.rawValue, .success, nanoseconds: monotonicNanoseconds() &- start)
      return result
    } catch {
      metrics.ended(operation.rawValue, CallOutcome(error.status), nanoseconds: monotonicNanoseconds() &- start)
      var error = error
      error.backend = error.backend ?? options.backend.rawValue
      error.operation = error.operation ?? operation.name
      announceFailure(error)
      throw error
    }
  }

  /// A caller's mistake interests while debugging, a failing backend always.
  private func announceFailure(_ error: VectorError) {
    let level: LogLevel = error.status.rawValue <= Status.unavailable.rawValue ? .warning : .debug
    EventForwarder.shared.send(level, "call.failed") { json in
      json.field("database", name)
      json.field("backend", options.backend.rawValue)
      json.field("operation", error.operation ?? "")
      json.field("code", "\(error.status.name)")
      json.field("message", error.message)
    }
  }
}

extension CallOptions {
  /// No backend of this version takes options of its own in a call.
  func refuseExtraOptions() throws(VectorError) {
    guard !extraJSON.isEmpty else { return }
    for (key, _) in try optionsDocument(extraJSON, "extra_json").root.options("extra_json") {
      throw VectorError(.invalidOption, "extra_json: backend \"memory\" knows no option \(quoted(key))")
    }
  }
}
