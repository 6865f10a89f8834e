import CSupport

/// A string of bytes: ids, metadata keys and text values, compared, hashed and ordered as bytes.
///
/// Swift's `String` compares by canonical equivalence, so "café" in NFC and in NFD would be one key; here they are two.
/// Usually UTF-8, but nothing depends on it.
package struct ByteString: Hashable, Sendable {
  package let bytes: [UInt8]

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  package init(_ buffer: UnsafeRawBufferPointer) { bytes = Array(buffer) }

  package init(_ text: String) { bytes = Array(text.utf8) }

  /// All bytes at one go: what an array does by itself takes them one by one.
  package func hash(into hasher: inout Hasher) {
    hasher.combine(bytes.count)
    bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
  }

  package var count: Int { bytes.count }
  package var isEmpty: Bool { bytes.isEmpty }

  /// The text for messages: invalid UTF-8 is repaired.
  package var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// Lends the bytes of a string out, with the error type that `Array`'s own function would lose.
package func withBytes<R, E: Error>(
  of string: ByteString, _ body: (UnsafeRawBufferPointer) throws(E) -> R
) throws(E) -> R {
  let result: Result<R, E> = string.bytes.withUnsafeBytes { bytes in
    do throws(E) { return .success(try body(bytes)) } catch { return .failure(error) }
  }
  return try result.get()
}

extension ByteString: Comparable {
  /// Order of the bytes as unsigned numbers; a prefix comes first.
  package static func < (left: ByteString, right: ByteString) -> Bool {
    left.bytes.withUnsafeBytes { l in right.bytes.withUnsafeBytes { r in compareBytes(l, r) < 0 } }
  }
}

extension ByteString: ExpressibleByStringLiteral {
  package init(stringLiteral value: StaticString) {
    bytes = value.withUTF8Buffer { Array($0) }
  }
}

/// Order of two byte ranges: negative, zero or positive as `left` comes before, equals or follows `right`.
package func compareBytes(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
  let common = min(left.count, right.count)
  if common > 0, let l = left.baseAddress, let r = right.baseAddress {
    let order = vdb_compare_memory(l, r, common)
    if order != 0 { return Int(order) }
  }
  return left.count - right.count
}
