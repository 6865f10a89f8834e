import Support

/// The calls of one database, ready to be written for Prometheus.
package struct PrometheusSource {
  package let database: ByteString
  package let backend: ByteString
  package var calls: CallSummary
  /// Nil without a cache.
  package var cache: CacheStatistics?

  package init(database: ByteString, backend: ByteString, calls: CallSummary, cache: CacheStatistics? = nil) {
    self.database = database
    self.backend = backend
    self.calls = calls
    self.cache = cache
  }

  /// The labels that every sample of a database has.
  package var labels: [PrometheusWriter.Label] {
    [PrometheusWriter.Label("database", database), PrometheusWriter.Label("backend", backend)]
  }
}

extension PrometheusWriter {
  /// Bounds of the duration histograms: those of OpenTelemetry's `db.client.operation.duration`, and finer ones for calls
  /// that never leave the process. Nanoseconds.
  package static let durationBounds: [UInt64] = [
    10_000, 50_000, 100_000, 500_000, 1_000_000, 5_000_000, 10_000_000, 50_000_000, 100_000_000, 500_000_000,
    1_000_000_000, 5_000_000_000, 10_000_000_000,
  ]

  /// Writes what databases counted. Those of one name and backend are added up: the format allows a set of labels once.
  package mutating func write(_ sources: [PrometheusSource]) {
    let sources = Self.merged(sources)
    if sources.isEmpty { return }
    family(
      "db_client_operation_duration_seconds", .histogram, help: "Duration of calls by how they ended, in seconds.")
    for source in sources {
      for row in source.calls.operations {
        for outcome in CallOutcome.allCases {
          guard let latency = row.latencies[outcome] else { continue }
          let labels = source.labels + [Label("operation", row.operation), Label("outcome", outcome.name)]
          histogram(labels, latency, bounds: Self.durationBounds)
        }
      }
    }
    family(
      "db_client_connection_wait_time_seconds", .histogram,
      help: "Time calls waited for a connection, or to be let through.")
    for source in sources { histogram(source.labels, source.calls.queueWait, bounds: Self.durationBounds) }
    each(sources, "vectordb_calls_in_flight", .gauge, "Calls under way.") { $0.calls.inFlight }
    each(sources, "vectordb_slow_calls_total", .counter, "Calls beyond the threshold of slow calls.") {
      $0.calls.slowCalls
    }
    each(sources, "vectordb_attempts_total", .counter, "Requests sent to the backend.") { $0.calls.attempts }
    each(sources, "vectordb_retries_total", .counter, "Requests that repeated another.") { $0.calls.retries }
    each(sources, "vectordb_sent_bytes_total", .counter, "Bytes sent to the backend.") { $0.calls.bytesSent }
    each(sources, "vectordb_received_bytes_total", .counter, "Bytes received from the backend.") {
      $0.calls.bytesReceived
    }
    writeCaches(sources.filter { $0.cache != nil })
  }

  private mutating func writeCaches(_ sources: [PrometheusSource]) {
    if sources.isEmpty { return }
    each(sources, "vectordb_cache_entries", .gauge, "Answers in the cache.") { UInt64(clamping: $0.cache?.size ?? 0) }
    each(sources, "vectordb_cache_bytes", .gauge, "Bytes in the cache.") { UInt64(clamping: $0.cache?.bytes ?? 0) }
    each(sources, "vectordb_cache_hits_total", .counter, "Calls answered from the cache.") { $0.cache?.hits ?? 0 }
    each(sources, "vectordb_cache_misses_total", .counter, "Calls the cache had no answer for.") {
      $0.cache?.misses ?? 0
    }
    each(sources, "vectordb_cache_joined_total", .counter, "Misses that shared the answer of another call.") {
      $0.cache?.joined ?? 0
    }
    each(sources, "vectordb_cache_stale_total", .counter, "Misses answered beyond the time to live.") {
      $0.cache?.stale ?? 0
    }
    each(sources, "vectordb_cache_evictions_total", .counter, "Answers that made room for others.") {
      $0.cache?.evictions ?? 0
    }
  }

  private mutating func each(
    _ sources: [PrometheusSource], _ name: StaticString, _ kind: Kind, _ help: StaticString,
    _ value: (PrometheusSource) -> UInt64
  ) {
    family(name, kind, help: help)
    for source in sources { sample(source.labels, value(source)) }
  }

  private static func merged(_ sources: [PrometheusSource]) -> [PrometheusSource] {
    var result: [PrometheusSource] = []
    var places: [[ByteString]: Int] = [:]
    for source in sources {
      if let place = places[[source.database, source.backend]] {
        result[place].merge(source)
      } else {
        places[[source.database, source.backend]] = result.count
        result.append(source)
      }
    }
    return result
  }
}

extension PrometheusSource {
  fileprivate mutating func merge(_ other: PrometheusSource) {
    calls.merge(other.calls)
    guard let more = other.cache else { return }
    var sum = cache ?? CacheStatistics()
    sum.add(more)
    cache = sum
  }
}
