import Support

/// Writes metrics as text that Prometheus reads: its exposition format 0.0.4.
///
/// A family first, then all of its samples: the format wants them together. Out of memory is remembered, not raised: ask
/// `failed` once at the end.
package struct PrometheusWriter {
  /// Type of a family.
  package enum Kind {
    case counter, gauge, histogram

    fileprivate var name: StaticString {
      switch self {
      case .counter: "counter"
      case .gauge: "gauge"
      case .histogram: "histogram"
      }
    }
  }

  /// One label of a sample. Names are the library's; values may be any UTF-8.
  package struct Label {
    let name: StaticString
    let value: [UInt8]

    package init(_ name: StaticString, _ value: ByteString) {
      self.name = name
      self.value = value.bytes
    }

    package init(_ name: StaticString, _ value: StaticString) {
      self.name = name
      self.value = value.withUTF8Buffer { Array($0) }
    }
  }

  package let output: ColumnBuffer<UInt8>
  /// Whether the machine had no memory for a part; what is in `output` is then useless.
  package private(set) var failed = false
  private var family: StaticString = ""

  package init(_ output: ColumnBuffer<UInt8> = ColumnBuffer()) { self.output = output }

  /// Begins a family. `name` has its unit and, for a counter, `_total` at its end; `help` is one line.
  package mutating func family(_ name: StaticString, _ kind: Kind, help: StaticString) {
    family = name
    put("# HELP ")
    put(name)
    put(" ")
    put(help)
    put("\n# TYPE ")
    put(name)
    put(" ")
    put(kind.name)
    put("\n")
  }

  /// One counter or gauge of the family.
  package mutating func sample(_ labels: [Label], _ value: Double) {
    sample("", labels, nil, Self.text(value))
  }

  package mutating func sample(_ labels: [Label], _ value: UInt64) {
    sample("", labels, nil, "\(value)")
  }

  /// One histogram of the family, in seconds. `bounds` rise, in nanoseconds.
  package mutating func histogram(_ labels: [Label], _ latency: LatencySummary, bounds: [UInt64]) {
    for (bound, calls) in zip(bounds, latency.cumulative(bounds)) {
      sample("_bucket", labels, Self.text(Double(bound) / 1e9), "\(calls)")
    }
    sample("_bucket", labels, "+Inf", "\(latency.count)")
    sample("_sum", labels, nil, Self.text(Double(latency.sum) / 1e9))
    sample("_count", labels, nil, "\(latency.count)")
  }

  private mutating func sample(_ suffix: StaticString, _ labels: [Label], _ upTo: String?, _ value: String) {
    put(family)
    put(suffix)
    if !labels.isEmpty || upTo != nil {
      put("{")
      for (place, label) in labels.enumerated() {
        if place > 0 { put(",") }
        put(label.name)
        put("=\"")
        putEscaped(label.value)
        put("\"")
      }
      if let upTo {
        put(labels.isEmpty ? "le=\"" : ",le=\"")
        put(upTo)
        put("\"")
      }
      put("}")
    }
    put(" ")
    put(value)
    put("\n")
  }

  private static func text(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return "\(value)"
  }

  private mutating func putEscaped(_ bytes: [UInt8]) {
    for byte in bytes {
      switch byte {
      case 0x5C: put("\\\\")
      case 0x22: put("\\\"")
      case 0x0A: put("\\n")
      default: if !output.append(byte) { failed = true }
      }
    }
  }

  private mutating func put(_ text: StaticString) {
    let stored = text.withUTF8Buffer { output.append(contentsOf: $0) }
    if !stored { failed = true }
  }

  private mutating func put(_ text: String) {
    var copy = text
    let stored = copy.withUTF8 { output.append(contentsOf: $0) }
    if !stored { failed = true }
  }
}
