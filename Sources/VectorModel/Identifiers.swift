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

/// `checkID` for every id of a batch, the first bad one is named.
package func checkIDs(_ ids: PackedStrings) throws(VectorError) {
  for index in 0..<ids.count { try checkID(ids[index], index: index) }
}

/// Where ids repeat, the indexes to keep, ascending: the last occurrence of each id wins. nil when none repeats.
///
/// Ids are compared as bytes. Expected O(bytes), with 16 to 32 bytes of memory an id.
package func lastOccurrences(of ids: PackedStrings) throws(VectorError) -> [Int]? {
  guard ids.count > 1 else { return nil }
  let outOfMemory = VectorError(.outOfMemory, "not enough memory to look for repeated ids among \(ids.count)")
  guard var table = ByteIndexTable(count: ids.count) else { throw outOfMemory }
  let superseded = ColumnBuffer<Int>()
  for index in 0..<ids.count {
    if let previous = table.insert(ids[index], index: index, stored: { ids[$0] }) {
      guard superseded.append(previous) else { throw outOfMemory }
    }
  }
  guard superseded.count > 0 else { return nil }
  let dropped = ColumnBuffer<UInt8>()
  guard dropped.append(repeating: 0, count: ids.count), let isDropped = dropped.base else { throw outOfMemory }
  for index in superseded.elements { isDropped[index] = 1 }
  return withExtendedLifetime(dropped) { (0..<ids.count).filter { isDropped[$0] == 0 } }
}
