import CVectorDB
import VectorModel

/// What the INIT macros of the header say, for callers without macros and for fields that an older caller's struct lacks.
enum Defaults {
  static var vectors: vdb_vectors {
    var value = vdb_vectors()
    value.struct_size = UInt32(MemoryLayout<vdb_vectors>.size)
    return value
  }

  static var strings: vdb_strings {
    var value = vdb_strings()
    value.struct_size = UInt32(MemoryLayout<vdb_strings>.size)
    return value
  }

  static var call: vdb_call_options {
    var value = vdb_call_options()
    value.struct_size = UInt32(MemoryLayout<vdb_call_options>.size)
    return value
  }

  static var search: vdb_search_options {
    var value = vdb_search_options()
    value.struct_size = UInt32(MemoryLayout<vdb_search_options>.size)
    value.k = 10
    return value
  }

  static var page: vdb_page_options {
    var value = vdb_page_options()
    value.struct_size = UInt32(MemoryLayout<vdb_page_options>.size)
    value.limit = 100
    return value
  }
}

/// Writes at most `size` bytes of a struct: a caller built against an older header has a smaller one.
func writeStruct<T: BitwiseCopyable>(
  _ value: T, to pointer: UnsafeMutablePointer<T>?, size: UInt32, _ name: StaticString
) throws(VectorError) {
  let target = try required(pointer, name)
  guard size >= 8, Int(size) <= InputStruct.sizeLimit else {
    throw VectorError(.invalidArgument, "struct_size of \(name) is \(size), expected \(MemoryLayout<T>.size)")
  }
  let raw = UnsafeMutableRawBufferPointer(start: target, count: Int(size))
  withUnsafeBytes(of: value) { bytes in
    let shared = min(bytes.count, raw.count)
    raw.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<shared]))
    if raw.count > shared { raw[shared...].initializeMemory(as: UInt8.self, repeating: 0) }
  }
  // The caller's own size, not ours: it says how much of the struct exists.
  raw.storeBytes(of: size, as: UInt32.self)
}
