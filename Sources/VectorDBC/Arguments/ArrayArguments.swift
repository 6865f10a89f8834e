import CVectorDB
import VectorModel

/// Checks packed strings of C: offsets ascend, and sizes fit.
func packedStrings(_ pointer: UnsafePointer<vdb_strings>?, _ name: StaticString) throws(VectorError) -> PackedStrings {
  let strings = try inputStruct(pointer, defaults: Defaults.strings, name)
  try checkFlags(strings.flags, allowed: 0, name)
  guard let count = Int(exactly: strings.count), count < addressableBytes / 8 else {
    throw VectorError(.tooLarge, "\(name) has \(strings.count) strings, more than memory can hold")
  }
  if count == 0 { return PackedStrings(bytes: nil, offsets: nil, count: 0) }
  guard let offsets = strings.offsets else {
    throw VectorError(.invalidArgument, "offsets of \(name) is NULL, but count is \(count)")
  }
  guard UInt(bitPattern: offsets) % 8 == 0 else {
    throw VectorError(.invalidArgument, "offsets of \(name) is not aligned to 8 bytes")
  }
  var before = offsets[0]
  for index in 1...count {
    let offset = offsets[index]
    guard offset >= before else {
      throw VectorError(
        .invalidArgument, "offsets of \(name) fall from \(before) to \(offset) at \(index)", index: index - 1)
    }
    before = offset
  }
  guard before <= UInt64(addressableBytes) else {
    throw VectorError(.tooLarge, "\(name) ends at byte \(before), more than memory can hold")
  }
  if strings.bytes == nil, before > 0 {
    throw VectorError(.invalidArgument, "bytes of \(name) is NULL, but its offsets reach \(before)")
  }
  return PackedStrings(bytes: UnsafeRawPointer(strings.bytes), offsets: offsets, count: count)
}

/// Checks a matrix of C: element type, sizes without overflow.
func vectorRows(_ pointer: UnsafePointer<vdb_vectors>?, _ name: StaticString) throws(VectorError) -> VectorRows {
  let vectors = try inputStruct(pointer, defaults: Defaults.vectors, name)
  try checkFlags(vectors.flags, allowed: 0, name)
  guard vectors.dtype == VDB_DTYPE_F32 else {
    throw VectorError(.unsupported, "dtype of \(name) is \(vectors.dtype); version \(libraryVersion) knows float32 (0)")
  }
  guard vectors.reserved == 0 else {
    throw VectorError(.unsupported, "reserved of \(name) is \(vectors.reserved), expected 0")
  }
  guard vectors.name == nil, vectors.name_length == 0 else {
    throw VectorError(.unsupported, "\(name) names a vector; version \(libraryVersion) knows one vector a record")
  }
  guard let count = Int(exactly: vectors.count), let dimensions = Int(exactly: vectors.dimensions),
    let given = Int(exactly: vectors.stride_bytes)
  else { throw tooLarge(vectors, name) }
  let (rowBytes, rowOverflow) = dimensions.multipliedReportingOverflow(by: MemoryLayout<Float>.size)
  let stride = given == 0 ? rowBytes : given
  let (bytes, overflow) = count.multipliedReportingOverflow(by: stride)
  guard !rowOverflow, !overflow, bytes <= addressableBytes else { throw tooLarge(vectors, name) }
  guard stride >= rowBytes else {
    throw VectorError(
      .invalidArgument,
      "stride_bytes of \(name) is \(stride), less than a row of \(dimensions) floats (\(rowBytes) bytes)")
  }
  if vectors.data == nil, count > 0 {
    throw VectorError(.invalidArgument, "data of \(name) is NULL, but count is \(count)")
  }
  return VectorRows(base: vectors.data, count: count, dimensions: dimensions, strideBytes: stride)
}

/// Checks a single query of C.
func queryRow(_ query: UnsafePointer<Float>?, _ dimensions: UInt64) throws(VectorError) -> VectorRows {
  guard let query else { throw VectorError(.invalidArgument, "query is NULL") }
  guard let count = Int(exactly: dimensions), count <= addressableBytes / 4 else {
    throw VectorError(.tooLarge, "a query of \(dimensions) dimensions overflows memory")
  }
  return VectorRows(base: UnsafeRawPointer(query), count: 1, dimensions: count, strideBytes: count * 4)
}

private func tooLarge(_ vectors: vdb_vectors, _ name: StaticString) -> VectorError {
  VectorError(
    .tooLarge,
    "\(name) of \(vectors.count) rows × \(vectors.dimensions) dimensions, \(vectors.stride_bytes) bytes apart, overflows memory"
  )
}
