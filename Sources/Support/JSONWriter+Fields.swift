/// Members and nested documents in one line each, for the documents that the library tells about itself.
extension JSONWriter {
  package mutating func object(_ body: (inout JSONWriter) -> Void) {
    beginObject()
    body(&self)
    endObject()
  }

  package mutating func array(_ body: (inout JSONWriter) -> Void) {
    beginArray()
    body(&self)
    endArray()
  }

  package mutating func object(_ name: String, _ body: (inout JSONWriter) -> Void) {
    key(name)
    object(body)
  }

  package mutating func array(_ values: [ByteString]) {
    array { json in for value in values { json.string(value) } }
  }

  package mutating func array(_ name: String, _ values: [String]) {
    key(name)
    array { json in for value in values { json.string(value) } }
  }

  package mutating func field(_ name: String, _ value: String) {
    key(name)
    string(value)
  }

  package mutating func field(_ name: String, _ value: StaticString) { field(name, "\(value)") }

  /// A duration given in nanoseconds.
  package mutating func milliseconds(_ name: String, _ nanoseconds: UInt64) { field(name, Double(nanoseconds) / 1e6) }

  package mutating func field(_ name: String, _ value: ByteString) {
    key(name)
    string(value)
  }

  package mutating func field(_ name: String, _ value: some BinaryInteger) {
    key(name)
    integer(value)
  }

  package mutating func field(_ name: String, _ value: Double) {
    key(name)
    number(value)
  }

  package mutating func field(_ name: String, _ value: Bool) {
    key(name)
    bool(value)
  }

  package mutating func null(_ name: String) {
    key(name)
    null()
  }
}
