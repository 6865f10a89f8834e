/// What a cache holds and did since it was made, or since `CachedCall.resetStatistics`.
package struct CacheStatistics: Sendable, Equatable {
  package var size = 0
  package var maxSize = 0
  package var bytes = 0
  package var maxBytes = 0
  /// Calls answered from it within the time to live.
  package var hits: UInt64 = 0
  /// All other calls that asked it.
  package var misses: UInt64 = 0
  /// Those of the misses that got the answer of another call under way.
  package var joined: UInt64 = 0
  /// Those of the misses that got an answer beyond its time to live, because the backend failed.
  package var stale: UInt64 = 0
  package var evictions: UInt64 = 0
  package var expirations: UInt64 = 0
  package var invalidations: UInt64 = 0

  package init() {}

  /// What was counted after `before` was; sizes are those of now.
  package func since(_ before: CacheStatistics) -> CacheStatistics {
    var result = self
    result.hits &-= before.hits
    result.misses &-= before.misses
    result.joined &-= before.joined
    result.stale &-= before.stale
    result.evictions &-= before.evictions
    result.expirations &-= before.expirations
    result.invalidations &-= before.invalidations
    return result
  }

  /// Adds what another cache holds and did.
  package mutating func add(_ other: CacheStatistics) {
    size += other.size
    maxSize += other.maxSize
    bytes += other.bytes
    maxBytes += other.maxBytes
    hits &+= other.hits
    misses &+= other.misses
    joined &+= other.joined
    stale &+= other.stale
    evictions &+= other.evictions
    expirations &+= other.expirations
    invalidations &+= other.invalidations
  }

  /// Hits among all calls; 0 before the first.
  package var hitRate: Double {
    let calls = Double(hits) + Double(misses)
    return calls == 0 ? 0 : Double(hits) / calls
  }
}
