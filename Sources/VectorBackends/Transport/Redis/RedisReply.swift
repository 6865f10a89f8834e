import CLibraries
import CSupport
import Support

/// One reply, or a value inside of one, as it lies in the memory of its connection: valid while it is handed out, not later.
package struct RedisReply {
  private let nodes: UnsafePointer<vdb_redis_node>
  private let texts: UnsafePointer<UInt8>?
  private let index: Int

  /// What a value is. A status ("OK") counts as a string.
  package enum Kind: Sendable { case string, array, integer, null, error }

  init(nodes: UnsafePointer<vdb_redis_node>, texts: UnsafePointer<UInt8>?, index: Int = 0) {
    self.nodes = nodes
    self.texts = texts
    self.index = index
  }

  package var kind: Kind {
    switch nodes[index].kind {
    case VDB_REDIS_ARRAY: .array
    case VDB_REDIS_INTEGER: .integer
    case VDB_REDIS_NIL: .null
    case VDB_REDIS_ERROR: .error
    default: .string
    }
  }

  /// The bytes of a string; nothing for any other kind.
  package var bytes: UnsafeRawBufferPointer? { kind == .string ? text : nil }

  /// The words of an error.
  package var error: String? { kind == .error ? String(decoding: text, as: UTF8.self) : nil }

  /// An integer, also one that is written as a string.
  package var integer: Int? {
    switch kind {
    case .integer: Int(exactly: nodes[index].number)
    case .string: text.count <= 20 ? Int(String(decoding: text, as: UTF8.self)) : nil
    default: nil
    }
  }

  /// A number that is written as a string, or an integer.
  package var number: Double? {
    switch kind {
    case .integer: Double(nodes[index].number)
    case .string: Self.number(text)
    default: nil
    }
  }

  private static func number(_ text: UnsafeRawBufferPointer) -> Double? {
    guard let base = text.baseAddress, text.count <= 64 else { return nil }
    var value = 0.0
    if vdb_double_from_text(base, text.count, &value) != 0 { return value }
    // Forms that are seldom seen, and those beyond the range.
    return Double(String(decoding: text, as: UTF8.self))
  }

  /// Elements of an array; 0 for any other kind.
  package var count: Int { kind == .array ? Int(truncatingIfNeeded: nodes[index].number) : 0 }

  /// The elements of an array; nothing for any other kind.
  package var elements: Elements {
    Elements(nodes: nodes, texts: texts, at: index + 1, end: kind == .array ? Int(nodes[index].next) : 0)
  }

  /// Whether this is a string of exactly these bytes.
  package func `is`(_ name: StaticString) -> Bool {
    guard kind == .string else { return false }
    return name.withUTF8Buffer { compareBytes(UnsafeRawBufferPointer($0), text) == 0 }
  }

  private var text: UnsafeRawBufferPointer {
    let node = nodes[index]
    guard let texts else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    return UnsafeRawBufferPointer(start: texts + node.offset, count: node.length)
  }

  package struct Elements: Sequence, IteratorProtocol {
    let nodes: UnsafePointer<vdb_redis_node>
    let texts: UnsafePointer<UInt8>?
    var at: Int
    let end: Int

    package mutating func next() -> RedisReply? {
      guard at < end else { return nil }
      let value = RedisReply(nodes: nodes, texts: texts, index: at)
      at = Int(nodes[at].next)
      return value
    }
  }
}

extension RedisReply {
  /// The first element of an array.
  package var first: RedisReply? {
    var elements = elements
    return elements.next()
  }

  /// The value behind a name in an array of names and values.
  package subscript(name: ByteString) -> RedisReply? {
    var elements = elements
    while let key = elements.next(), let value = elements.next() {
      guard let key = key.bytes else { continue }
      if name.bytes.withUnsafeBytes({ compareBytes($0, key) == 0 }) { return value }
    }
    return nil
  }
}
