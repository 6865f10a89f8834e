import Resilience
import Support

extension OperationSummary {
  /// The members that `metrics` has for all operations together and for each of them. Latencies are milliseconds.
  func write(to json: inout JSONWriter) {
    json.field("total_requests", calls)
    json.field("successful_requests", succeeded)
    json.field("failed_requests", failed)
    json.field("success_rate", successRate)
    let latency = latency
    json.field("avg_latency_ms", latency.mean / 1e6)
    json.field("p50_latency_ms", Double(latency.quantile(0.5)) / 1e6)
    json.field("p95_latency_ms", Double(latency.quantile(0.95)) / 1e6)
    json.field("p99_latency_ms", Double(latency.quantile(0.99)) / 1e6)
    json.field("max_latency_ms", Double(latency.longest) / 1e6)
    json.object("outcomes") { json in
      for outcome in CallOutcome.allCases {
        if let latency = latencies[outcome] { json.field("\(outcome.name)", latency.count) }
      }
    }
  }
}
