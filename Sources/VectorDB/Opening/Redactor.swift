import Support
import VectorModel

/// Takes known secrets out of texts that leave the library, in whatever form they got there: a server may echo what it was sent.
struct Redactor: Sendable {
  /// Each secret as it is, and as URLs, base64 and JSON write it; the longest first, since one may hold another.
  private let forms: [[UInt8]]

  static let replacement = "[redacted]"

  init(_ secrets: [String]) {
    var forms: Set<[UInt8]> = []
    // A secret of a byte or two is in every text: leaving it out would tell more than it hides.
    for secret in secrets where secret.utf8.count > 2 {
      let bytes = Array(secret.utf8)
      forms.insert(bytes)
      for isLowercase in [false, true] { forms.insert(percentEncoded(bytes, isLowercase: isLowercase)) }
      forms.formUnion(base64Cores(bytes))
      forms.insert(jsonEscaped(secret))
    }
    self.forms = forms.sorted { $0.count > $1.count }
  }

  /// The text without secrets. O(length × secrets).
  func redact(_ text: String) -> String {
    if forms.isEmpty { return text }
    var bytes = Array(text.utf8)
    for form in forms { bytes = replacing(form, in: bytes) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// An error whose texts hold no secret.
  func redact(_ error: VectorError) -> VectorError {
    if forms.isEmpty { return error }
    var error = error
    error.message = redact(error.message)
    if let id = error.details?.requestID { error.details?.requestID = redact(id) }
    return error
  }

  private func replacing(_ form: [UInt8], in bytes: [UInt8]) -> [UInt8] {
    guard let first = form.first, bytes.count >= form.count else { return bytes }
    var result: [UInt8] = []
    var at = 0
    while at < bytes.count {
      if bytes[at] == first, bytes[at...].starts(with: form) {
        result += Array(Self.replacement.utf8)
        at += form.count
      } else {
        result.append(bytes[at])
        at += 1
      }
    }
    return result
  }
}

private func percentEncoded(_ bytes: [UInt8], isLowercase: Bool) -> [UInt8] {
  let digits = Array((isLowercase ? "0123456789abcdef" : "0123456789ABCDEF").utf8)
  return bytes.flatMap { byte -> [UInt8] in
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
      [byte]
    default: [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
  }
}

private func jsonEscaped(_ text: String) -> [UInt8] {
  var json = JSONWriter()
  json.string(text)
  return Array(json.text.utf8.dropFirst().dropLast())
}

/// The parts of a base64 text that depend on the secret alone, for each of the three places it may have within a longer text that
/// was encoded ("user:secret").
private func base64Cores(_ bytes: [UInt8]) -> Set<[UInt8]> {
  let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  var cores: Set<[UInt8]> = []
  for shift in 0..<3 {
    // Sextets that begin and end within the secret.
    let bits = bytes.count * 8
    var sextets: [UInt8] = []
    var bit = (6 - shift * 8 % 6) % 6
    while bit + 6 <= bits {
      let high = UInt16(bytes[bit / 8]) << 8 | (bit / 8 + 1 < bytes.count ? UInt16(bytes[bit / 8 + 1]) : 0)
      sextets.append(alphabet[Int(high >> UInt16(10 - bit % 8)) & 63])
      bit += 6
    }
    // Three letters could stand in any text.
    if sextets.count >= 4 { cores.insert(sextets) }
  }
  return cores
}
