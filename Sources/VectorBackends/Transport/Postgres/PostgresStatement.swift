import Support
import VectorModel

/// One statement of SQL with its values, `$1` and on.
package struct PostgresStatement {
  /// UTF-8 with a NUL behind it.
  let sql: ByteString
  package var parameters: PostgresParameters
  /// Whether preparing it by name is worth it: it comes again, word for word.
  let isRepeated: Bool

  package init(_ sql: String, _ parameters: PostgresParameters = .init(), isRepeated: Bool = false) {
    self.init(text: Self.text(sql), parameters, isRepeated: isRepeated)
  }

  /// A statement whose text was made before by `text`.
  package init(text: ByteString, _ parameters: PostgresParameters, isRepeated: Bool) {
    sql = text
    self.parameters = parameters
    self.isRepeated = isRepeated
  }

  /// SQL as a statement holds it: to be kept where the same statement comes again and again.
  package static func text(_ sql: String) -> ByteString { ByteString(Array(sql.utf8) + [0]) }
}

/// A name of SQL in double quotes, so that nothing in it is taken for SQL.
///
/// Errors: `invalidOption` for what Postgres would cut off or cannot hold; `what` names it in the message.
package func quotedIdentifier(_ name: ByteString, what: String) throws(VectorError) -> String {
  guard 1...63 ~= name.count else {
    throw VectorError(
      .invalidOption, "\(what) is \(name.count) bytes long, Postgres holds names of 1 to 63: \(quoted(name))")
  }
  guard !name.bytes.contains(0), let text = String(validating: name.bytes, as: UTF8.self) else {
    throw VectorError(.invalidOption, "\(what) is no name of Postgres: \(quoted(name))")
  }
  return quotedIdentifier(text)
}

/// A name that Postgres itself told, in double quotes.
package func quotedIdentifier(_ name: String) -> String {
  var quoted: [UInt8] = [UInt8(ascii: "\"")]
  for byte in name.utf8 {
    if byte == UInt8(ascii: "\"") { quoted.append(byte) }
    quoted.append(byte)
  }
  quoted.append(UInt8(ascii: "\""))
  return String(decoding: quoted, as: UTF8.self)
}
