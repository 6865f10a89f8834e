import Support
import VectorModel

/// The type of the column that holds ids. Everywhere else they are text.
package enum PgvectorIDType: String, Sendable, CaseIterable {
  case text
  /// Ids are decimal numbers of 64 bits, written the one way that has no sign or zero too many.
  case bigint
  /// Ids are UUIDs in lower case with hyphens.
  case uuid

  /// From the name of a type in Postgres's catalog; nil for one that cannot hold ids.
  init?(column type: ByteString) {
    switch type {
    case "text", "varchar": self = .text
    case "int8", "int4", "int2": self = .bigint
    case "uuid": self = .uuid
    default: return nil
    }
  }

  /// Whether some record could have this id: each has exactly one text.
  func holds(_ id: UnsafeRawBufferPointer) -> Bool {
    switch self {
    case .text: return true
    case .bigint:
      guard id.count <= 20, let number = Int64(String(decoding: id, as: UTF8.self)) else { return false }
      return "\(number)".utf8.elementsEqual(id)
    case .uuid:
      guard id.count == 36 else { return false }
      for (place, byte) in id.enumerated() {
        if place == 8 || place == 13 || place == 18 || place == 23 {
          if byte != UInt8(ascii: "-") { return false }
        } else if !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte) {
          return false
        }
      }
      return true
    }
  }

  /// SQL that turns text into the column's type.
  func cast(_ text: String) -> String { self == .text ? text : "(\(text))::\(rawValue)" }

  /// Errors: `invalidID` when the id cannot be written to such a column.
  func check(_ id: UnsafeRawBufferPointer, index: Int) throws(VectorError) {
    if holds(id) { return }
    let form = self == .bigint ? "a decimal number of 64 bits" : "a UUID in lower case with hyphens"
    throw VectorError(
      .invalidID, "id at index \(index) is \(quoted(id)): the column of this table holds \(form)", index: index)
  }
}
