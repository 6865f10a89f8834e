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
    let totals = core.metrics.totals
    json.object { json in
      json.field("status", isHealthy ? "ok" : "down")
      json.field("backend", core.options.backend.rawValue)
      json.object("circuit_breaker") { json in
        json.field("state", breakerState.name)
        json.field("failure_count", 0)
      }
      json.object("cache") { json in json.field("enabled", false) }
      json.object("latency") { json in
        json.field("avg_ms", totals.averageMilliseconds)
        json.field("max_ms", totals.slowestMilliseconds)
      }
    }
  }

  /// `metrics` of the C interface.
  package func writeMetrics(to json: inout JSONWriter) {
    let totals = core.metrics.totals
    json.object { json in
      json.field("database", core.name)
      json.field("backend", core.options.backend.rawValue)
      write(totals, to: &json)
      json.object("operations") { json in
        for operation in Operation.allCases {
          let row = core.metrics.totals(operation)
          if row.calls > 0 { json.object(operation.name) { json in write(row, to: &json) } }
        }
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

  private func write(_ totals: OperationMetrics.Totals, to json: inout JSONWriter) {
    json.field("total_requests", Int(clamping: totals.calls))
    json.field("successful_requests", Int(clamping: totals.succeeded))
    json.field("failed_requests", Int(clamping: totals.failed))
    json.field("success_rate", totals.successRate)
    json.field("avg_latency_ms", totals.averageMilliseconds)
    json.field("max_latency_ms", totals.slowestMilliseconds)
  }
}
