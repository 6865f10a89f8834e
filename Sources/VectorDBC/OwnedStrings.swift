import Glibc
import Support
import VectorModel

/// Builds a JSON document and hands it out as an owned, NUL-terminated C string.
func ownedJSON(
  _ out: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ outLength: UnsafeMutablePointer<Int>?,
  _ build: (inout JSONWriter) throws(VectorError) -> Void
) throws(VectorError) {
  let out = try required(out, "out_json")
  out.pointee = nil
  var json = JSONWriter()
  try build(&json)
  guard !json.failed else { throw outOfMemory(json.output.count) }
  out.pointee = try ownedText(json.output)
  outLength?.pointee = json.output.count
}

/// Hands out a text as an owned, NUL-terminated C string.
func ownedText(_ text: ColumnBuffer<UInt8>) throws(VectorError) -> UnsafeMutablePointer<CChar> {
  guard let memory = malloc(text.count + 1) else { throw outOfMemory(text.count) }
  if let start = text.base { memory.copyMemory(from: start, byteCount: text.count) }
  memory.storeBytes(of: 0, toByteOffset: text.count, as: UInt8.self)
  return memory.assumingMemoryBound(to: CChar.self)
}

private func outOfMemory(_ count: Int) -> VectorError {
  VectorError(.outOfMemory, "not enough memory for \(count) bytes of text")
}
