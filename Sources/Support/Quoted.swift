import CSupport

/// A value from outside as it stands in a message: in double quotes, on one line, readable, and never long.
///
/// Control characters, quotes and bytes that are no UTF-8 are escaped; beyond `limit` bytes it is cut and its length told.
package func quoted(_ bytes: UnsafeRawBufferPointer, limit: Int = 64) -> String {
  var shown = UnsafeRawBufferPointer(rebasing: bytes.prefix(limit))
  let isCut = shown.count < bytes.count
  if isCut, let base = shown.baseAddress {
    // Up to three bytes of a character that the cut went through are left out.
    let valid = vdb_utf8_valid_prefix(base, shown.count)
    let whole = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(valid).prefix(4))
    if shown.count - valid < 4, let start = whole.baseAddress, vdb_utf8_valid_prefix(start, whole.count) > 0 {
      shown = UnsafeRawBufferPointer(rebasing: shown.prefix(valid))
    }
  }
  var text = "\""
  var rest = shown
  while let base = rest.baseAddress, rest.count > 0 {
    let valid = vdb_utf8_valid_prefix(base, rest.count)
    for scalar in String(decoding: rest.prefix(valid), as: UTF8.self).unicodeScalars {
      appendEscaped(scalar, to: &text)
    }
    if valid < rest.count {
      text += "\\x" + hexadecimal(UInt32(rest[valid]), digits: 2)
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(valid + 1))
    } else {
      break
    }
  }
  return text + (isCut ? "…\" (\(bytes.count) bytes)" : "\"")
}

/// `quoted` of a text.
package func quoted(_ text: String, limit: Int = 64) -> String {
  var copy = text
  return copy.withUTF8 { quoted(UnsafeRawBufferPointer($0), limit: limit) }
}

/// `quoted` of a byte string.
package func quoted(_ string: ByteString, limit: Int = 64) -> String {
  string.bytes.withUnsafeBytes { quoted($0, limit: limit) }
}

private func appendEscaped(_ scalar: Unicode.Scalar, to text: inout String) {
  switch scalar {
  case "\"": text += "\\\""
  case "\\": text += "\\\\"
  case "\n": text += "\\n"
  case "\r": text += "\\r"
  case "\t": text += "\\t"
  case "\0"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{2028}", "\u{2029}", "\u{202a}"..."\u{202e}", "\u{2066}"..."\u{2069}":
    text += "\\u" + hexadecimal(scalar.value, digits: 4)
  default: text.unicodeScalars.append(scalar)
  }
}

private func hexadecimal(_ value: UInt32, digits: Int) -> String {
  let text = String(value, radix: 16)
  return String(repeating: "0", count: max(0, digits - text.count)) + text
}
