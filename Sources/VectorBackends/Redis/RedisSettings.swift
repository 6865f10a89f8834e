import Support
import VectorModel

/// What the options of a database say about its index.
package struct RedisSettings: Sendable {
  /// Name of the index.
  package var index: ByteString
  /// What the keys of records begin with; nil = the index's name and a colon for a new index, its own for an existing one.
  package var prefix: ByteString?
  /// Field that holds the vector; nil = "vec" for a new index, the only one there is for an existing one.
  package var vectorField: ByteString?
  /// Keys that are filtered by from the beginning, with the types they were declared with.
  package var declared: [(key: ByteString, kind: RedisColumn.Kind)] = []

  package init(index: ByteString) { self.index = index }

  static let standardVectorField: ByteString = "vec"

  /// The prefix of a new index. It ends with the only colon in it, so that no index's prefix begins another's.
  var newPrefix: ByteString {
    if let prefix { return prefix }
    let name = index.bytes.flatMap { byte -> [UInt8] in
      switch byte {
      case UInt8(ascii: ":"): Array("%3A".utf8)
      case UInt8(ascii: "%"): Array("%25".utf8)
      default: [byte]
      }
    }
    return ByteString(name + [UInt8(ascii: ":")])
  }
}
