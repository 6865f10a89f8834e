import Support

/// A text as one segment of a path: everything but letters, digits and `-._~` in percent form, so that nothing in it ends the
/// segment. A segment of dots alone would change the path: it is encoded too.
package func percentEncoded(_ segment: ByteString) -> String {
  let isDots = segment.bytes == [0x2E] || segment.bytes == [0x2E, 0x2E]
  var encoded: [UInt8] = []
  encoded.reserveCapacity(segment.count)
  for byte in segment.bytes {
    switch byte {
    case 0x2E where !isDots, 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F, 0x7E: encoded.append(byte)
    default: encoded += [0x25, hexDigit(byte >> 4), hexDigit(byte & 15)]
    }
  }
  return String(decoding: encoded, as: UTF8.self)
}

/// `percentEncoded` of a text.
package func percentEncoded(_ segment: String) -> String { percentEncoded(ByteString(segment)) }

private func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x41 + value - 10 }
