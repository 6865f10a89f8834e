import Resilience
import Support
import VectorBackends
import VectorModel

extension Database {
  /// Memory cannot be down, only gone.
  package var isHealthy: Bool { !core.isDropped }

  package var breakerState: BreakerState { .closed }

  package func controlBreaker(_ action: BreakerAction) throws(VectorError) {
    throw VectorError(.unsupported, "backend \"\(core.options.backend.rawValue)\" has no circuit breaker to control")
  }

  /// There is no cache in this version: nothing to forget.
  package func clearCache() {}

  package func setCredentials(_ json: UnsafeRawBufferPointer) throws(VectorError) {
    throw VectorError(.unsupported, "backend \"\(core.options.backend.rawValue)\" takes no credentials")
  }

  /// `health` of the C interface.
  package func writeHealth(_ call: CallOptions, to json: inout JSONWriter) {
    let latency = core.metrics.summary().total.latency
    json.object { json in
      json.field("status", isHealthy ? "ok" : "down")
      json.field("backend", core.options.backend.rawValue)
      json.object("circuit_breaker") { json in
        json.field("state", breakerState.name)
        json.field("failure_count", 0)
      }
      json.object("cache") { json in json.field("enabled", false) }
      json.object("latency") { json in
        json.field("avg_ms", latency.mean / 1e6)
        json.field("p50_ms", Double(latency.quantile(0.5)) / 1e6)
        json.field("p95_ms", Double(latency.quantile(0.95)) / 1e6)
        json.field("p99_ms", Double(latency.quantile(0.99)) / 1e6)
        json.field("max_ms", Double(latency.longest) / 1e6)
      }
    }
  }

  /// `metrics` of the C interface.
  package func writeMetrics(to json: inout JSONWriter) {
    let summary = core.metrics.summary()
    json.object { json in
      json.field("database", core.name)
      json.field("backend", core.options.backend.rawValue)
      summary.total.write(to: &json)
      json.field("in_flight", summary.inFlight)
      json.object("operations") { json in
        for row in summary.operations { json.object("\(row.operation)") { json in row.write(to: &json) } }
      }
    }
  }

  package func writeCacheStatistics(to json: inout JSONWriter) {
    json.object { json in json.field("enabled", false) }
  }

  /// `capabilities` of the C interface.
  package func writeCapabilities(to json: inout JSONWriter) {
    let capabilities = core.backend.capabilities
    json.object { json in
      json.field("backend", capabilities.backend)
      if let cap = capabilities.maxTopK { json.field("max_top_k", cap) } else { json.null("max_top_k") }
      json.field("max_dimensions", capabilities.maxDimensions)
      json.field("vectors_unchanged", capabilities.vectorsUnchanged)
      json.field("atomic_batch", capabilities.atomicBatch)
      json.field("metadata_update", capabilities.metadataUpdate.rawValue)
      json.field("read_your_writes", capabilities.readYourWrites.rawValue)
      json.field("filtered_count", capabilities.filteredCount)
      json.array("filter_operators", capabilities.filterOperators)
      json.array("metrics", capabilities.metrics)
      json.array("indexes", capabilities.indexes)
    }
  }

  /// `describe` of the C interface.
  package func writeDescription(to json: inout JSONWriter) {
    json.object { json in
      json.field("name", core.name)
      json.field("namespace", namespace)
      json.field("view", isView)
      core.options.write(to: &json)
      json.array("pipeline", ["metrics", "deadline", core.options.backend.rawValue])
    }
  }
}
