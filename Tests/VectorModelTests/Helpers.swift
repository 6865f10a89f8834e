import Support
import Testing

@testable import VectorModel

/// A seeded generator (SplitMix64), so that a failing run can be repeated.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

func withBytes<R>(_ text: String, _ body: (UnsafeRawBufferPointer) throws(VectorError) -> R) throws(VectorError) -> R {
  try withBytes(Array(text.utf8), body)
}

func withBytes<R>(_ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(VectorError) -> R) throws(VectorError) -> R
{
  let result: Result<R, VectorError> = bytes.withUnsafeBytes { buffer in
    do throws(VectorError) { return .success(try body(buffer)) } catch { return .failure(error) }
  }
  return try result.get()
}

/// The error that `body` throws, nil when it throws none.
func errorOf<R>(_ body: () throws(VectorError) -> R) -> VectorError? {
  do throws(VectorError) {
    _ = try body()
    return nil
  } catch {
    return error
  }
}

func document(_ text: String) throws(VectorError) -> JSONDocument {
  try withBytes(text) { bytes throws(VectorError) in try JSONDocument(bytes, what: "text") }
}

func filter(_ json: String) throws(VectorError) -> Filter? {
  try withBytes(json) { bytes throws(VectorError) in try Filter.parse(bytes) }
}

/// Metadata of one record in its stored form.
func encoded(_ json: String, patch: Bool = false) throws(VectorError) -> [UInt8] {
  let batch = try withBytes("[\(json)]") { bytes throws(VectorError) in
    try MetadataBatch.parse(json: bytes, count: 1, patches: patch)
  }
  return batch.withEntry(0) { Array($0) }
}

func json(of entry: [UInt8]) -> String {
  let output = ColumnBuffer<UInt8>()
  let done = entry.withUnsafeBytes { MetadataEncoding.appendJSON($0, to: output) }
  return withExtendedLifetime(output) { done ? String(decoding: output.elements, as: UTF8.self) : "out of memory" }
}

/// Strings packed for the time of `body`.
func withPacked<R>(_ strings: [[UInt8]], _ body: (PackedStrings) throws -> R) rethrows -> R {
  let bytes: [UInt8] = Array(strings.joined()) + [0]
  var offsets: [UInt64] = [0]
  for string in strings { offsets.append(offsets[offsets.count - 1] + UInt64(string.count)) }
  return try bytes.withUnsafeBytes { all in
    try offsets.withUnsafeBufferPointer {
      try body(PackedStrings(bytes: all.baseAddress, offsets: $0.baseAddress, count: strings.count))
    }
  }
}
