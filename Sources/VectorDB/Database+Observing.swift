import Resilience
import Support
import VectorBackends
import VectorModel

extension Database {
  /// Whether the status is "ok" or "degraded".
  package var isHealthy: Bool {
    let status = core.status
    return status == .ok || status == .degraded
  }

  /// The state of the request class that is worst off.
  package var breakerState: BreakerState { BreakerState(core.pipeline.endpoint.breakers.worstState) }

  package func controlBreaker(_ action: BreakerAction) {
    core.controlBreaker(action)
  }

  /// Forgets every answer the cache holds.
  package func clearCache() { core.pipeline.cache?.clear() }

  package func setCredentials(_ json: UnsafeRawBufferPointer) throws(VectorError) {
    throw VectorError(.unsupported, "backend \"\(core.options.backend.rawValue)\" takes no credentials")
  }

  /// `health` of the C interface. Asks the backend when `call.probe` is set, else looks at recent traffic alone.
  package func writeHealth(_ call: CallOptions, to json: inout JSONWriter) throws(VectorError) {
    let probed = call.probe ? try core.probe(call) : nil
    json.object { json in core.writeHealth(probed: probed, to: &json) }
  }

  /// `metrics` of the C interface.
  package func writeMetrics(to json: inout JSONWriter) {
    json.object { json in core.writeMetrics(to: &json) }
  }

  /// Starts all counts of this database anew.
  package func resetMetrics() { core.resetMetrics() }

  package func writeCacheStatistics(to json: inout JSONWriter) {
    json.object { json in core.writeCache(to: &json) }
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

  /// How it was opened and what runs: each option with its source, and the pipeline.
  package func writeDescription(to json: inout JSONWriter) {
    json.object { json in
      json.field("name", core.name)
      json.field("namespace", namespace)
      json.field("view", isView)
      core.options.write(core.collection.shape, to: &json)
      core.options.writePipeline(to: &json)
    }
  }

  /// The metrics of all open databases in the text format of Prometheus; nil when out of memory.
  package static func prometheusText() -> ColumnBuffer<UInt8>? {
    var writer = PrometheusWriter()
    writer.write(OpenDatabases.shared.all.map(\.prometheusSource))
    return writer.failed ? nil : writer.output
  }
}
