import CSupport
import Support

/// One value of a `JSONDocument`, which it keeps alive. Cheap to copy; strings are copied out.
package struct JSONValue: Sendable {
  package let document: JSONDocument
  let index: Int

  /// What a value is. An integer is written in digits alone and fits 64 bits.
  package enum Kind: Sendable { case null, bool, integer, number, string, array, object }

  package var kind: Kind {
    switch node.kind {
    case VDB_JSON_KIND_NULL: .null
    case VDB_JSON_KIND_FALSE, VDB_JSON_KIND_TRUE: .bool
    case VDB_JSON_KIND_INTEGER: .integer
    case VDB_JSON_KIND_BIG_INTEGER, VDB_JSON_KIND_NUMBER: .number
    case VDB_JSON_KIND_STRING: .string
    case VDB_JSON_KIND_ARRAY: .array
    default: .object
    }
  }

  /// The kind in words for messages: "a list".
  package var kindName: String {
    switch kind {
    case .null: "null"
    case .bool: "a bool"
    case .integer, .number: "a number"
    case .string: "a string"
    case .array: "a list"
    case .object: "an object"
    }
  }

  package var isNull: Bool { kind == .null }

  package var bool: Bool? {
    switch node.kind {
    case VDB_JSON_KIND_TRUE: true
    case VDB_JSON_KIND_FALSE: false
    default: nil
    }
  }

  /// The value of a number, rounded to a double.
  package var double: Double? {
    switch node.kind {
    case VDB_JSON_KIND_INTEGER: Double(node.integer)
    case VDB_JSON_KIND_BIG_INTEGER, VDB_JSON_KIND_NUMBER: node.number
    default: nil
    }
  }

  /// The value of a number that is integral and fits 64 bits, however it is written: 5, 5.0, 5e0.
  package var integer: Int64? {
    switch node.kind {
    case VDB_JSON_KIND_INTEGER: node.integer
    case VDB_JSON_KIND_NUMBER: Int64(exactly: node.number)
    default: nil
    }
  }

  /// Whether this is an integer in digits that a double cannot be trusted to hold: beyond ±2^53.
  package var isInexactInteger: Bool { isInexactIntegerNode(node) }

  /// An integer as messages name it.
  var integerText: String { VectorModel.integerText(node) }

  package var string: ByteString? { stringBytes.map { ByteString($0) } }

  /// A string as it lies in the document, valid as long as that: for loops over many, whose copies would be most of the work.
  package var stringBytes: UnsafeRawBufferPointer? {
    let node = node
    return node.kind == VDB_JSON_KIND_STRING ? document.bytes(node) : nil
  }

  /// A string as text, for values that are names.
  package var text: String? { string?.text }

  /// Elements of an array or members of an object.
  package var count: Int {
    kind == .array || kind == .object ? Int(truncatingIfNeeded: node.count) : 0
  }

  /// The elements of an array; nothing for any other kind.
  package var elements: Elements {
    Elements(document: document, at: index + 1, end: kind == .array ? Int(node.next) : 0)
  }

  /// The members of an object in the order of the text, repeated keys included; nothing for any other kind.
  package var members: Members { Members(lent: lentMembers) }

  /// The same, with keys as they lie in the document, valid as long as that.
  package var lentMembers: LentMembers {
    LentMembers(document: document, at: index + 1, end: kind == .object ? Int(node.next) : 0)
  }

  /// The value of a key of an object, the first when the key is repeated. O(members).
  package subscript(key: ByteString) -> JSONValue? {
    key.bytes.withUnsafeBytes { self.member($0) }
  }

  /// The value of a key that stands in the code.
  package subscript(key: String) -> JSONValue? {
    var key = key
    return key.withUTF8 { self.member(UnsafeRawBufferPointer($0)) }
  }

  private func member(_ key: UnsafeRawBufferPointer) -> JSONValue? {
    for (own, value) in lentMembers where compareBytes(own, key) == 0 { return value }
    return nil
  }

  var node: vdb_json_node { document.node(index) }

  package struct Elements: Sequence, IteratorProtocol {
    let document: JSONDocument
    var at: Int
    let end: Int

    package mutating func next() -> JSONValue? {
      guard at < end else { return nil }
      let value = JSONValue(document: document, index: at)
      at = Int(value.node.next)
      return value
    }
  }

  package struct Members: Sequence, IteratorProtocol {
    var lent: LentMembers

    package mutating func next() -> (key: ByteString, value: JSONValue)? {
      lent.next().map { (ByteString($0.key), $0.value) }
    }
  }

  package struct LentMembers: Sequence, IteratorProtocol {
    let document: JSONDocument
    var at: Int
    let end: Int

    package mutating func next() -> (key: UnsafeRawBufferPointer, value: JSONValue)? {
      guard at < end else { return nil }
      let key = document.bytes(document.node(at))
      let value = JSONValue(document: document, index: at + 1)
      at = Int(value.node.next)
      return (key, value)
    }
  }
}

/// Largest magnitude up to which every integer is a double: 2^53.
package let largestExactInteger: Int64 = 1 << 53

func isInexactIntegerNode(_ node: vdb_json_node) -> Bool {
  switch node.kind {
  case VDB_JSON_KIND_INTEGER: node.integer > largestExactInteger || node.integer < -largestExactInteger
  case VDB_JSON_KIND_BIG_INTEGER: true
  default: false
  }
}

/// An integer as messages name it: all its digits while they fit 64 bits, else its rounded value.
func integerText(_ node: vdb_json_node) -> String {
  node.kind == VDB_JSON_KIND_INTEGER ? "the integer \(node.integer)" : "an integer of about \(node.number)"
}

extension JSONDocument {
  /// The first key that an object holds twice, nil when none does. O(members).
  package func duplicateKey(of value: JSONValue) throws(VectorError) -> ByteString? {
    guard value.kind == .object, value.count > 1 else { return nil }
    guard var table = ByteIndexTable(count: value.count) else {
      throw VectorError(.outOfMemory, "not enough memory to check \(value.count) keys")
    }
    var at = value.index + 1
    let end = Int(value.node.next)
    while at < end {
      let key = bytes(node(at))
      if table.insert(key, index: at, stored: { self.bytes(self.node($0)) }) != nil { return ByteString(key) }
      at = Int(node(at + 1).next)
    }
    return nil
  }
}
