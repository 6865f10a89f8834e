import Support
import VectorModel

/// A name of a database or namespace: UTF-8 without NUL, with a length in bytes inside `range`. Its length is checked
/// before anything is copied.
func checkedName(
  _ bytes: UnsafeRawBufferPointer, _ what: StaticString, _ range: ClosedRange<Int>
) throws(VectorError) -> ByteString {
  guard range.contains(bytes.count) else {
    throw VectorError(
      .invalidArgument,
      "\(what) \(quoted(bytes)) is \(bytes.count) bytes long, expected \(range.lowerBound) to \(range.upperBound)")
  }
  try checkUTF8(bytes, what: "\(what) \(quoted(bytes))")
  guard !bytes.contains(0) else {
    throw VectorError(.invalidArgument, "\(what) \(quoted(bytes)) holds a NUL byte")
  }
  return ByteString(bytes)
}
