import Glibc
import Support
import VectorModel

/// How a database was asked to be, checked. Each property states its option, unit, default and range.
struct DatabaseOptions: Sendable {
  /// "backend": one of the ten names. Default memory.
  var backend = BackendKind.memory
  /// "dimensions": elements of a vector, 1...65,536. Required to create.
  var dimensions = 0
  /// "metric": cosine, l2 (or euclidean), dot. Default cosine.
  var metric = Metric.cosine
  /// "namespace": 0...255 bytes. Default empty.
  var namespace = ByteString([])
  /// "threads": threads that one search may use, 1...1024. Default the number of processors.
  var threads = DatabaseOptions.processors
  /// "index": auto or flat. Default auto.
  var index = "auto"
  /// "timeout": milliseconds a call may take, nil = the operation's own. Written in seconds, above 0.
  var timeout: UInt64?
  /// "fields" and "auto_fields": types that metadata must have. Default nil, nothing is enforced.
  var fields: FieldSchema?
  /// "resilience", "cache" and "fault_injection".
  var resilience = ResilienceOptions()
  /// Names of the options that were given; all others have their defaults.
  var given: Set<String> = []

  static let dimensionsRange = 1...65_536
  static let threadsRange = 1...1024

  static let processors: Int = max(1, min(sysconf(Int32(_SC_NPROCESSORS_ONLN)), threadsRange.upperBound))

  /// Reads a JSON object; no text at all is `{}`.
  static func parse(_ text: UnsafeRawBufferPointer) throws(VectorError) -> DatabaseOptions {
    var options = DatabaseOptions()
    if !text.isEmpty {
      let root = try optionsDocument(text, "options").root
      let members = try root.options("options")
      // First, because it decides what the others mean.
      if let value = root["backend"] { options.backend = try backend(value) }
      if let reason = options.backend.unavailableReason { throw VectorError(.unsupported, reason) }
      for (name, value) in members {
        try options.set(name, value)
        options.given.insert(name.text)
      }
      options.fields = try FieldSchema.parse(fields: root["fields"], autoFields: root["auto_fields"])
    }
    guard options.given.contains("dimensions") else {
      throw VectorError(.invalidOption, "option \"dimensions\" is required to create a memory database")
    }
    return options
  }

  private mutating func set(_ name: ByteString, _ value: JSONValue) throws(VectorError) {
    switch name {
    case "backend", "fields", "auto_fields": break  // read by `parse`
    case "dimensions": dimensions = try value.integer("dimensions", Self.dimensionsRange)
    case "metric": metric = try Self.metric(value)
    case "namespace":
      let name = try value.string("namespace")
      namespace = try withBytes(of: name) { (bytes) throws(VectorError) in
        try checkedName(bytes, "namespace", 0...255)
      }
    case "threads": threads = try value.integer("threads", Self.threadsRange)
    case "index": index = try IndexOption.kind(value)
    case "timeout", "total_timeout":
      let milliseconds = try value.milliseconds(name.text)
      timeout = min(timeout ?? milliseconds, milliseconds)
    case "mode": try Self.checkMode(value)
    case "connect": _ = try value.choice("connect", ["eager", "lazy"])
    case "env": _ = try value.boolean("env")
    case "resilience": try resilience.setResilience(value)
    case "cache": try resilience.setCache(value)
    case "fault_injection": try resilience.setFaults(value)
    default: throw OptionNames.unknown(name, backend: backend)
    }
  }

  private static func backend(_ value: JSONValue) throws(VectorError) -> BackendKind {
    let text = try value.choice("backend", BackendKind.allCases.map(\.rawValue))
    return BackendKind(rawValue: text) ?? .memory
  }

  private static func metric(_ value: JSONValue) throws(VectorError) -> Metric {
    let text = try value.choice("metric", Metric.allCases.map(\.rawValue) + ["euclidean"])
    return Metric(option: text) ?? .cosine
  }

  /// A memory database belongs to its handle, so there is never one to open.
  private static func checkMode(_ value: JSONValue) throws(VectorError) {
    if try value.choice("mode", ["create_or_open", "open", "create"]) == "open" {
      throw VectorError(.notFound, "mode \"open\": a memory database is private to its handle, there is none to open")
    }
  }

  /// The options as `describe` tells them, each with its source.
  func write(to json: inout JSONWriter) {
    json.field("backend", backend.rawValue)
    json.field("dimensions", dimensions)
    json.field("metric", metric.rawValue)
    json.object("options") { json in
      option("dimensions", to: &json) { $0.field("value", dimensions) }
      option("metric", to: &json) { $0.field("value", metric.rawValue) }
      option("threads", to: &json) { $0.field("value", threads) }
      option("index", to: &json) { $0.field("value", index) }
      option("timeout", to: &json) { json in
        if let timeout { json.field("value", Double(timeout) / 1000) } else { json.null("value") }
      }
    }
  }

  private func option(_ name: String, to json: inout JSONWriter, _ value: (inout JSONWriter) -> Void) {
    json.object(name) { json in
      value(&json)
      json.field("source", given.contains(name) ? "option" : "default")
    }
  }
}
