import CSupport
import Support

/// JSON text from outside, checked and read as a whole into a flat tape of nodes; `root` is the way in.
///
/// Nothing recurses and depth is at most 64, so no text can overflow the stack. The text is copied. Immutable, hence
/// shared freely.
package final class JSONDocument: @unchecked Sendable {
  private var reader = vdb_json_reader()

  /// Reads `text`. `what` begins the messages, and is made for them alone: "the filter", "the options".
  ///
  /// Throws `invalidUTF8` and `invalidJSON` naming the byte, `limits` for more than `maxNodes` values and for numbers that
  /// no double holds, `tooLarge` beyond 2 GB, `outOfMemory`.
  package init(
    _ text: UnsafeRawBufferPointer, what: @autoclosure () -> String, maxNodes: UInt32 = 1_000_000,
    limits: Status = .invalidJSON
  ) throws(VectorError) {
    try checkUTF8(text, what: what())
    let status = vdb_json_init(&reader, text.baseAddress, text.count, maxNodes)
    guard status == VDB_JSON_OK else { throw jsonError(status, reader, what: what(), limits: limits) }
    let parsed = vdb_json_parse(&reader)
    guard parsed == VDB_JSON_OK else { throw jsonError(parsed, reader, what: what(), limits: limits) }
  }

  deinit { vdb_json_destroy(&reader) }

  package var root: JSONValue { JSONValue(document: self, index: 0) }

  /// The node at an index that came from this document.
  func node(_ index: Int) -> vdb_json_node {
    guard index < Int(reader.count), let nodes = reader.nodes else { return vdb_json_node() }
    return nodes[index]
  }

  /// The bytes of a string node, valid as long as the document.
  func bytes(_ node: vdb_json_node) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: reader.text + Int(node.string.offset), count: Int(node.string.length))
  }
}

/// Refuses text that is not UTF-8, naming the first byte that is wrong. `what` begins the message.
package func checkUTF8(
  _ text: UnsafeRawBufferPointer, what: @autoclosure () -> String, index: Int? = nil
) throws(VectorError) {
  guard let base = text.baseAddress else { return }
  let valid = vdb_utf8_valid_prefix(base, text.count)
  if valid < text.count {
    throw VectorError(.invalidUTF8, "\(what()) is not UTF-8 from byte \(valid) on", index: index)
  }
}

/// As `checkUTF8`, for texts so long that the call must be bounded meanwhile. Errors: `invalidUTF8`, `cancelled`, `timeout`.
func checkUTF8(_ text: UnsafeRawBufferPointer, what: @autoclosure () -> String, pace: inout Pace) throws(VectorError) {
  guard let base = text.baseAddress else { return }
  let step = 1 << 16
  var at = 0
  while at < text.count {
    let piece = min(step, text.count - at)
    try pace.spend(bytes: piece / 2)
    let valid = vdb_utf8_valid_prefix(base + at, piece)
    // A piece may end within a character, which begins the next piece then.
    let isCut = piece - valid < 4 && at + piece < text.count
    at += valid
    if valid < piece, !isCut { throw VectorError(.invalidUTF8, "\(what()) is not UTF-8 from byte \(at) on") }
  }
}

/// The error for a failure of the C reader. `limits` is the status of what is JSON but outside what the reader takes.
func jsonError(_ status: Int32, _ reader: vdb_json_reader, what: String, limits: Status) -> VectorError {
  let place = "at byte \(reader.error_offset)"
  switch status {
  case VDB_JSON_TOO_DEEP:
    return VectorError(.invalidJSON, "\(what) is nested deeper than \(VDB_JSON_MAX_DEPTH) levels \(place)")
  case VDB_JSON_NUMBER_RANGE:
    return VectorError(limits, "\(what) holds a number beyond what a double can hold \(place)")
  case VDB_JSON_TOO_MANY_NODES:
    return VectorError(limits, "\(what) holds more than \(reader.max_nodes) values")
  case VDB_JSON_TOO_LARGE:
    return VectorError(.tooLarge, "\(what) is longer than \(VDB_JSON_MAX_LENGTH) bytes")
  case VDB_JSON_NO_MEMORY:
    return VectorError(.outOfMemory, "not enough memory to read \(what)")
  default:
    let reason = reader.error.map { String(cString: $0) } ?? ""
    return VectorError(.invalidJSON, "\(what) is not JSON: \(reason) \(place)")
  }
}
