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
  /// What a write through this object makes outdated in the cache.
  let cacheScope: CacheScope

  private init(core: DatabaseCore, namespace: ByteString, isView: Bool) {
    self.core = core
    self.namespace = namespace
    self.isView = isView
    cacheScope = CacheScope(
      identity: ByteString(core.options.backend.rawValue), collection: core.name, namespace: namespace)
  }

  /// Opens `name` with options in JSON; see `docs/options.md`.
  package static func open(
    name: UnsafeRawBufferPointer, options: UnsafeRawBufferPointer, call: CallOptions
  ) throws(VectorError) -> Database {
    let database = try unopened(name: name, options: options, call: call)
    try database.open(call)
    return database
  }

  /// The part of `open` that waits for nothing: reads the options and makes what connects.
  package static func unopened(
    name: UnsafeRawBufferPointer, options: UnsafeRawBufferPointer, call: CallOptions
  ) throws(VectorError) -> Database {
    let name = try checkedName(name, "name", 1...255)
    let parsed = try DatabaseOptions.parse(options)
    try call.refuseExtraOptions(parsed.backend)
    let core = try DatabaseCore(name: name, options: parsed)
    return Database(core: core, namespace: parsed.namespace, isView: false)
  }

  /// The part of `open` that may wait. Once, before anything else.
  package func open(_ call: CallOptions) throws(VectorError) {
    let context = call.context(standard: core.options.callTimeout(.open), from: monotonicNanoseconds())
    if let interruption = context.interruption() { throw VectorError(interruption) }
    try core.open(context)
  }

  /// A view of another namespace.
  package func namespace(_ name: UnsafeRawBufferPointer) throws(VectorError) -> Database {
    Database(core: core, namespace: try checkedName(name, "namespace", 0...255), isView: true)
  }
}
