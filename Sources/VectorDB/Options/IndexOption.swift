import Support
import VectorBackends
import VectorModel

/// The option "index", at opening and in `create_index`: a kind, or an object with a kind and what it is built with.
enum IndexOption {
  private static let parameters = ["kind", "m", "ef_construction", "lists"]

  /// Reads the option. Kinds that the backend cannot build are refused where they are first named.
  static func spec(_ value: JSONValue, _ backend: BackendKind) throws(VectorError) -> IndexSpec {
    guard value.kind == .object else { return IndexSpec(try kind(value, backend)) }
    var spec = IndexSpec()
    for (name, value) in try value.options("index") {
      guard try set(name.text, value, in: &spec, backend) else {
        throw unknownOption(name, in: "index", known: parameters)
      }
    }
    return spec
  }

  /// Reads the document of `create_index`, `{"index": kind, parameters…}`; nil when it is empty.
  static func parse(_ text: UnsafeRawBufferPointer, _ backend: BackendKind) throws(VectorError) -> IndexSpec? {
    guard !text.isEmpty else { return nil }
    let root = try optionsDocument(text, "index options").root
    var spec: IndexSpec?
    for (name, value) in try root.options("index options") {
      if name == "index", value.kind == .object {
        spec = try self.spec(value, backend)
        continue
      }
      var changed = spec ?? IndexSpec()
      let known = try set(name == "index" ? "kind" : name.text, value, in: &changed, backend)
      guard known, name != "kind" else {
        throw VectorError(.invalidOption, "unknown index option \(quoted(name)); did you mean \"index\"?")
      }
      spec = changed
    }
    return spec
  }

  /// False for a name that does not exist.
  private static func set(
    _ name: String, _ value: JSONValue, in spec: inout IndexSpec, _ backend: BackendKind
  ) throws(VectorError) -> Bool {
    switch name {
    case "kind": spec.kind = try kind(value, backend)
    case "m": spec.m = try value.integer("index.m", 2...1024)
    case "ef_construction": spec.efConstruction = try value.integer("index.ef_construction", 4...65_536)
    case "lists": spec.lists = try value.integer("index.lists", 1...1_000_000)
    default: return false
    }
    return true
  }

  private static func kind(_ value: JSONValue, _ backend: BackendKind) throws(VectorError) -> IndexSpec.Kind {
    let text = try value.choice("index", IndexSpec.Kind.allCases.map(\.rawValue))
    let kind = IndexSpec.Kind(rawValue: text) ?? .auto
    guard kind == .auto || backend.indexes.contains(text) else {
      let known = backend.indexes.map { "\"\($0)\"" }.joined(separator: ", ")
      throw VectorError(
        .unsupported, "backend \"\(backend.rawValue)\" cannot build index \"\(text)\" in version 0.1: it has \(known)")
    }
    return kind
  }
}
