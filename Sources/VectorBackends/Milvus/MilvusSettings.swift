/// What the options of backend "milvus" say.
package struct MilvusSettings: Sendable {
  /// How much of what was written before a read sees, by the numbers of Milvus.
  package enum Consistency: Int32, Sendable, CaseIterable {
    case strong = 0
    case session = 1
    case bounded = 2
    case eventually = 3

    /// As the option writes it.
    package var name: String {
      switch self {
      case .strong: "strong"
      case .session: "session"
      case .bounded: "bounded"
      case .eventually: "eventually"
      }
    }
  }

  /// Letters, digits and underscores, not beginning with a digit: 1 to 255.
  package var collection: String
  /// Empty = the server's default database.
  package var database = ""
  /// Value of the header "authorization"; nil = none. A secret.
  package var authorization: String?
  package var consistency = Consistency.strong
  /// Names of fields in an existing collection; nil = found by their types. A collection of ours has `Fields`.
  package var idField: String?
  package var vectorField: String?
  package var metadataField: String?

  /// Names of the fields in a collection that this library creates.
  package enum Fields {
    package static let id = "id"
    package static let vector = "vector"
    package static let metadata = "metadata"
  }

  package init(collection: String) { self.collection = collection }

  /// What is wrong with the name of a collection, a field or a database; nil when it is fine.
  package static func problem(withName name: String) -> String? {
    let bytes = Array(name.utf8)
    let isWord = bytes.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
    guard isWord, let first = bytes.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first), bytes.count <= 255
    else { return "1 to 255 letters, digits and underscores, not beginning with a digit" }
    return nil
  }

  /// The value of "authorization" for "user:password" or an API key.
  package static func authorization(token: String) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    let bytes = Array(token.utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let bits = group.enumerated().reduce(0) { $0 | Int($1.element) << (16 - 8 * $1.offset) }
      for place in 0..<4 {
        text.append(place <= group.count ? alphabet[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
