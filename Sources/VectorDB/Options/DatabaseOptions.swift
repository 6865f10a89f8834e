import Glibc
import Resilience
import Support
import VectorBackends
import VectorModel

/// How a database was asked to be, checked. Each property states its option, unit, default and range.
struct DatabaseOptions: Sendable {
  /// "backend": one of the ten names. Default memory.
  var backend = BackendKind.memory
  /// "dimensions": elements of a vector, 1...65,536. Required to create; nil = those of the existing collection.
  var dimensions: Int?
  /// "metric": cosine, l2 (or euclidean), dot. nil = that of the existing collection, cosine for a new one.
  var metric: Metric?
  /// "mode": create_or_open, open, create. Default create_or_open.
  var mode = OpenRequest.Mode.createOrOpen
  /// "connect" is "lazy": the first call opens the collection. Default false, "eager".
  var isLazy = false
  /// "env": where connection options may come from beside the options. Default the environment of the process.
  var environment = EnvironmentVariables.process
  /// "namespace": 0...255 bytes. Default empty.
  var namespace = ByteString([])
  /// "threads": threads that one search may use, 1...1024. Default the number of processors.
  var threads = DatabaseOptions.processors
  /// "index": auto, or a kind the backend builds. Default auto.
  var index = IndexSpec()
  /// "timeout": milliseconds a call may take, nil = the operation's own; of a batch, each of its requests. Written in seconds,
  /// above 0.
  var timeout: UInt64?
  /// "total_timeout": milliseconds any call may take, batches too. Written in seconds, above 0.
  var totalTimeout: UInt64?
  /// "fields" and "auto_fields": types that metadata must have. Default nil, nothing is enforced.
  var fields: FieldSchema?
  /// "resilience", "cache" and "fault_injection".
  var resilience = ResilienceOptions()
  /// Names of the common options that were given; all others have their defaults.
  var given: Set<String> = []
  /// Those of one backend alone, unread.
  var others: [(name: ByteString, value: JSONValue)] = []
  /// What the backend said of its own options.
  var described: [DescribedOption] = []

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
      if let reason = options.backend.absenceReason { throw VectorError(.unsupported, reason) }
      for (name, value) in members {
        try options.set(name, value)
        options.given.insert(name.text)
      }
      options.fields = try FieldSchema.parse(fields: root["fields"], autoFields: root["auto_fields"])
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
    case "index": index = try IndexOption.spec(value, backend)
    case "timeout": timeout = try value.milliseconds("timeout")
    case "total_timeout": totalTimeout = try value.milliseconds("total_timeout")
    case "mode": mode = try Self.mode(value)
    case "connect": isLazy = try value.choice("connect", ["eager", "lazy"]) == "lazy"
    case "env": environment = try EnvironmentVariables.parse(value)
    case "resilience": try resilience.setResilience(value)
    case "cache": try resilience.setCache(value)
    case "fault_injection": try resilience.setFaults(value)
    case "threads" where backend == .memory: threads = try value.integer("threads", Self.threadsRange)
    default:
      guard backend.optionNames.contains(where: { ByteString($0) == name }) else {
        throw OptionNames.unknown(name, backend: backend)
      }
      others.append((name, value))
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

  private static func mode(_ value: JSONValue) throws(VectorError) -> OpenRequest.Mode {
    OpenRequest.Mode(rawValue: try value.choice("mode", OpenRequest.Mode.allCases.map(\.rawValue))) ?? .createOrOpen
  }
}

extension DatabaseOptions {
  var openRequest: OpenRequest {
    OpenRequest(mode: mode, dimensions: dimensions, metric: metric, index: index)
  }

  /// Milliseconds that a call may take whose caller does not say, nil = no bound.
  func callTimeout(_ operation: Operation) -> UInt64? {
    let own = operation.standardTimeout
    // A batch on the network is many requests, and `timeout` bounds each of them.
    let single = own == nil && backend != .memory ? nil : timeout ?? own
    guard let single, let totalTimeout else { return single ?? totalTimeout }
    return min(single, totalTimeout)
  }

  /// What bounds one attempt of a network backend.
  var attemptTimeouts: AttemptTimeouts {
    var timeouts = resilience.timeouts ?? AttemptTimeouts()
    if let timeout {
      let bound = Duration.milliseconds(Int64(clamping: timeout))
      timeouts.read = min(timeouts.read, bound)
      timeouts.write = min(timeouts.write, bound)
    }
    return timeouts
  }

  /// The options as `describe` tells them, each with its source.
  func write(_ shape: CollectionShape?, to json: inout JSONWriter) {
    json.field("backend", backend.rawValue)
    let dimensions = shape?.dimensions ?? dimensions
    let metric = shape?.metric ?? metric
    if let dimensions { json.field("dimensions", dimensions) } else { json.null("dimensions") }
    if let metric { json.field("metric", metric.rawValue) } else { json.null("metric") }
    json.object("options") { json in
      option("dimensions", to: &json) { json in
        if let dimensions { json.field("value", dimensions) } else { json.null("value") }
      }
      option("metric", to: &json) { json in
        if let metric { json.field("value", metric.rawValue) } else { json.null("value") }
      }
      option("mode", to: &json) { $0.field("value", mode.rawValue) }
      option("connect", to: &json) { $0.field("value", isLazy ? "lazy" : "eager") }
      if backend == .memory { option("threads", to: &json) { $0.field("value", threads) } }
      option("index", to: &json) { $0.field("value", index.kind.rawValue) }
      option("timeout", to: &json) { $0.seconds("value", timeout) }
      option("total_timeout", to: &json) { $0.seconds("value", totalTimeout) }
      for option in described { option.write(to: &json) }
    }
  }

  private func option(_ name: String, to json: inout JSONWriter, _ value: (inout JSONWriter) -> Void) {
    json.object(name) { json in
      value(&json)
      json.field("source", given.contains(name) ? "option" : "default")
    }
  }
}

extension JSONWriter {
  /// Milliseconds as seconds, null for nil.
  fileprivate mutating func seconds(_ name: String, _ milliseconds: UInt64?) {
    if let milliseconds { field(name, Double(milliseconds) / 1000) } else { null(name) }
  }
}
