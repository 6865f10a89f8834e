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
  let count = json.output.count
  guard !json.failed, let memory = malloc(count + 1) else {
    throw VectorError(.outOfMemory, "not enough memory for \(count) bytes of JSON")
  }
  if let start = json.output.base { memory.copyMemory(from: start, byteCount: count) }
  memory.storeBytes(of: 0, toByteOffset: count, as: UInt8.self)
  out.pointee = memory.assumingMemoryBound(to: CChar.self)
  outLength?.pointee = count
}
