import Resilience
import Support
import VectorModel

extension DatabaseCore {
  /// Members of the document `metrics`. Calls are what users make, attempts what was sent for them.
  func writeMetrics(to json: inout JSONWriter) {
    let summary = pipeline.metrics.summary()
    json.field("database", name)
    json.field("backend", options.backend.rawValue)
    summary.total.write(to: &json)
    json.field("in_flight", summary.inFlight)
    json.field("slow_calls", summary.slowCalls)
    json.field("attempts", summary.attempts)
    json.field("retries", summary.retries)
    json.field("bytes_sent", summary.bytesSent)
    json.field("bytes_received", summary.bytesReceived)
    json.object("queue_wait") { json in summary.queueWait.write(to: &json) }
    json.object("operations") { json in
      for row in summary.operations {
        json.object("\(row.operation)") { json in row.write(to: &json) }
      }
    }
    json.object("endpoint") { json in pipeline.endpoint.write(to: &json) }
    json.object("cache") { json in writeCache(to: &json) }
  }

  /// Counts begin anew; the endpoint's go on, for other databases may share it.
  func resetMetrics() {
    pipeline.metrics.reset()
    pipeline.cache?.resetStatistics()
  }

  /// What Prometheus is told of this database.
  var prometheusSource: PrometheusSource {
    PrometheusSource(
      database: name, backend: ByteString(options.backend.rawValue), calls: pipeline.metrics.summary(),
      cache: pipeline.cache?.statistics())
  }
}

extension EndpointView {
  /// Everything sent to the endpoint since it was made, by whatever database.
  fileprivate func write(to json: inout JSONWriter) {
    let statistics = counters.statistics
    json.field("attempts", statistics.attempts)
    json.field("successful_attempts", statistics.successes)
    json.field("refused_by_circuit", statistics.circuitRefusals)
    json.field("reopened_connections", statistics.reopened)
    json.object("failed_attempts") { json in
      for kind in AttemptFailure.Kind.allCases where statistics.failures(kind) > 0 {
        json.field("\(kind.name)", statistics.failures(kind))
      }
    }
    json.object("retries") { json in
      for kind in AttemptFailure.Kind.allCases where statistics.retries(after: kind) > 0 {
        json.field("\(kind.name)", statistics.retries(after: kind))
      }
    }
    json.object("refused_retries") { json in
      for reason in RetryRefusal.allCases where statistics.refusals(reason) > 0 {
        json.field("\(reason.name)", statistics.refusals(reason))
      }
    }
    json.object("circuit_opened") { json in
      for requestClass in RequestClass.allCases {
        json.field("\(requestClass.name)", statistics.transitions(requestClass, to: .open))
      }
    }
    json.object("retry_budget") { json in budget.write(to: &json) }
    if let poolStats { json.object("pool") { json in poolStats.write(to: &json) } }
  }
}
