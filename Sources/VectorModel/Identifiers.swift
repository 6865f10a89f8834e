import CSupport
import Support

/// Longest id, in bytes.
package let maxIDLength = 512

/// Refuses what is no id: ids are UTF-8, 1 to 512 bytes, without NUL. `index` is the item of the batch.
///
/// Throws `invalidUTF8` for the bytes, `invalidID` for the rest, showing the id shortened.
package func checkID(_ bytes: UnsafeRawBufferPointer, index: Int? = nil) throws(VectorError) {
  let place = index.map { " at index \($0)" } ?? ""
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
    try pace.spend(bytes: 16 + min(id.count, maxIDLength))
    try checkID(id, index: index)
  }
}
