import Support

extension CachedCall {
  package func statistics() -> CacheStatistics {
    lock.withLock { totals().since(baseline) }
  }

  package func resetStatistics() {
    lock.withLock { baseline = totals() }
  }

  private func totals() -> CacheStatistics {
    var statistics = CacheStatistics()
    statistics.size = table.count
    statistics.maxSize = settings.maxEntries
    statistics.bytes = table.bytes
    statistics.maxBytes = settings.maxBytes
    statistics.hits = counts.sum(Count.hits.rawValue)
    statistics.misses = counts.sum(Count.misses.rawValue)
    statistics.joined = counts.sum(Count.joined.rawValue)
    statistics.stale = counts.sum(Count.stale.rawValue)
    statistics.evictions = table.evictions
    statistics.expirations = table.expirations
    statistics.invalidations = table.invalidations
    return statistics
  }
}
