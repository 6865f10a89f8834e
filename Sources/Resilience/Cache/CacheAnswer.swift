/// What a cached call gives.
package struct CacheAnswer<Value: Sendable>: Sendable {
  package let value: Value
  package let source: Source
  /// Nanoseconds since the answer came from the backend; 0 when it just did.
  package let age: UInt64

  package enum Source: Sendable, Equatable {
    /// This call did the work.
    case loaded
    /// The cache had it.
    case cached
    /// Another call that was under way did the work.
    case joined
    /// The backend failed, and the cache had an answer beyond its time to live.
    case stale
  }

  package init(_ value: Value, _ source: Source, age: UInt64 = 0) {
    self.value = value
    self.source = source
    self.age = age
  }
}
