import CSupport
import Support

/// Longest id, in bytes.
package let maxIDLength = 512

/// Refuses what is no id: ids are UTF-8, 1 to 512 bytes, without NUL. `index` is the item of the batch.
///
/// Throws `invalidUTF8` for the bytes, `invalidID` for the rest, showing the id shortened.
package func checkID(_ bytes: UnsafeRawBufferPointer, index: Int? = nil) throws(VectorError) {
  var place: String { index.map { " at index \($0)" } ?? "" }
  guard let base = bytes.baseAddress, bytes.count > 0 else {
    throw VectorError(.invalidID, "id\(place) is empty: ids have 1 to \(maxIDLength) bytes", index: index)
  }
  guard bytes.count <= maxIDLength else {
    throw VectorError(
      .invalidID, "id\(place) is too long: \(quoted(bytes)); ids have 1 to \(maxIDLength) bytes", index: index)
  }
  let valid = vdb_utf8_valid_prefix(base, bytes.count)
  guard valid == bytes.count else {
    throw VectorError(.invalidUTF8, "id\(place) is not UTF-8 from byte \(valid) on: \(quoted(bytes))", index: index)
  }
  guard vdb_find_byte(base, 0, bytes.count) == nil else {
    throw VectorError(.invalidID, "id\(place) holds a NUL byte: \(quoted(bytes))", index: index)
  }
}

/// `checkID` for every id of a batch, the first bad one is named. Errors: those, `cancelled`, `timeout`.
package func checkIDs(_ ids: PackedStrings, context: CallContext) throws(VectorError) {
  var pace = Pace(context)
  for index in 0..<ids.count {
    let id = ids[index]
    try pace.spend(bytes: 4 + min(id.count, maxIDLength))
    if !isPlainID(id) { try checkID(id, index: index) }
  }
}

/// Whether the bytes are an id at first glance, as nearly all are: ASCII, of which eight bytes are looked at in one step.
private func isPlainID(_ bytes: UnsafeRawBufferPointer) -> Bool {
  guard let base = bytes.baseAddress, 8...maxIDLength ~= bytes.count else { return false }
  // A byte below 1 or above 127 has its highest bit set in one of the two. The last step may look at bytes a second time.
  func isPlain(_ offset: Int) -> Bool {
    let word = (base + offset).loadUnaligned(as: UInt64.self)
    return (word | (word &- 0x0101_0101_0101_0101)) & 0x8080_8080_8080_8080 == 0
  }
  var at = 0
  while at + 8 <= bytes.count {
    if !isPlain(at) { return false }
    at += 8
  }
  return isPlain(bytes.count - 8)
}
