import Support
import Testing

@testable import Resilience

@Suite struct PrometheusWriterTests {
  private func text(_ writer: PrometheusWriter) -> String {
    withExtendedLifetime(writer.output) { String(decoding: writer.output.elements, as: UTF8.self) }
  }

  private func summary(_ calls: [(Int, CallOutcome, UInt64)]) -> CallSummary {
    let metrics = CallMetrics(operations: ["search", "upsert"])
    for (operation, outcome, nanoseconds) in calls {
      metrics.started()
      metrics.ended(operation, outcome, nanoseconds: nanoseconds)
    }
    return metrics.summary()
  }

  @Test func durationsByOperationAndOutcome() throws {
    var writer = PrometheusWriter()
    writer.write([
      PrometheusSource(
        database: "docs", backend: "memory",
        calls: summary([
          (0, .success, 200_000), (0, .success, 3_000_000), (0, .timeout, 30_000_000_000), (1, .success, 1_000),
        ]))
    ])
    #expect(!writer.failed)
    let read = try PrometheusText(text(writer))
    let name = "db_client_operation_duration_seconds"
    #expect(read.types[name] == "histogram")
    let search = ["database": "docs", "backend": "memory", "operation": "search", "outcome": "success"]
    let buckets = read.samples.filter { $0.name == name + "_bucket" && $0.labels.filter { $0.key != "le" } == search }
    #expect(buckets.map(\.value) == [0, 0, 0, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2])
    #expect(buckets.map { $0.labels["le"] }.first == "1e-05")
    let sum = read.samples.first { $0.name == name + "_sum" && $0.labels == search }
    #expect(sum?.value == 0.0032)
    #expect(read.samples.filter { $0.name == name + "_count" }.map(\.value) == [2, 1, 1])
    #expect(read.values("vectordb_calls_in_flight") == [0])
    #expect(read.values("vectordb_cache_entries") == [])
  }

  @Test func labelValuesOfAnyKindComeBack() throws {
    let names: [ByteString] = ["", "a\"b", "back\\slash", "two\nlines", "\\n", "{},=#", "caf\u{e9} \u{1F600}"]
    var writer = PrometheusWriter()
    writer.write(names.map { PrometheusSource(database: $0, backend: "memory", calls: CallSummary()) })
    let read = try PrometheusText(text(writer))
    let seen = read.samples.filter { $0.name == "vectordb_calls_in_flight" }.compactMap { $0.labels["database"] }
    #expect(seen == names.map(\.text))
  }

  /// Two databases of one name would be one set of labels twice, for which Prometheus refuses the whole scrape.
  @Test func databasesOfOneNameAreAddedUp() throws {
    var cached = CacheStatistics()
    cached.hits = 5
    let sources = [
      PrometheusSource(database: "d", backend: "memory", calls: summary([(0, .success, 5)]), cache: cached),
      PrometheusSource(
        database: "d", backend: "memory", calls: summary([(0, .success, 7), (1, .error, 1)]), cache: cached),
      PrometheusSource(database: "d", backend: "redis", calls: summary([(0, .success, 7)])),
    ]
    var writer = PrometheusWriter()
    writer.write(sources)
    let read = try PrometheusText(text(writer))
    #expect(read.values("db_client_operation_duration_seconds_count") == [2, 1, 1])
    #expect(read.values("vectordb_cache_hits_total") == [10])
  }

  @Test func nothingToTellIsAnEmptyText() throws {
    var writer = PrometheusWriter()
    writer.write([])
    #expect(text(writer) == "")
  }

  @Test func theReaderOfTheseTestsIsStrict() {
    let wrong = [
      "a 1", "# TYPE a counter\na_total 1", "# TYPE a gauge\na{b=\"1\" 1\n", "# TYPE a gauge\na{b=\"\\q\"} 1\n",
      "# TYPE a gauge\na 1\na 2\n", "# TYPE a counter\na 1\n", "# TYPE a gauge\nb 1\n",
      "# TYPE a gauge\na one\n", "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 1\na_count 1\n",
      "# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n",
    ]
    for text in wrong { #expect(throws: PrometheusText.Malformed.self, "\(text)") { try PrometheusText(text) } }
  }

  @Test func specialNumbersAreSpelledAsPrometheusReadsThem() throws {
    var writer = PrometheusWriter()
    writer.family("a", .gauge, help: "Numbers.")
    for (place, value) in [Double.infinity, -.infinity, 1e-7, 1e20].enumerated() {
      writer.sample([PrometheusWriter.Label("n", ByteString("\(place)"))], value)
    }
    #expect(try PrometheusText(text(writer)).values("a") == [.infinity, -.infinity, 1e-7, 1e20])
  }
}
