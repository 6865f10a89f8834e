import Support
import VectorModel

/// The option "index", at opening and in `create_index`.
enum IndexOption {
  static let known = ["auto", "flat", "hnsw", "ivf"]

  /// Reads the kind; those that this version cannot build are refused where they are first named.
  static func kind(_ value: JSONValue) throws(VectorError) -> String {
    let kind = try value.choice("index", known)
    guard kind == "auto" || kind == "flat" else {
      throw VectorError(.unsupported, "backend \"memory\" cannot build index \"\(kind)\" in version 0.1: use \"flat\"")
    }
    return kind
  }

  /// Reads the document of `create_index`; nil when it names no kind.
  static func parse(_ text: UnsafeRawBufferPointer) throws(VectorError) -> String? {
    guard !text.isEmpty else { return nil }
    var found: String?
    for (name, value) in try optionsDocument(text, "index options").root.options("index options") {
      guard name == "index" else {
        throw VectorError(.invalidOption, "unknown index option \(quoted(name)); did you mean \"index\"?")
      }
      found = try kind(value)
    }
    return found
  }
}
