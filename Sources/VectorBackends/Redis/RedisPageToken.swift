import Support
import VectorModel

/// Where a page goes on: the cursor of SCAN, the server it is good for, and ids that were found and did not fit the page.
///
/// As text: version, server, cursor and ids in base64url with a check before them.
struct RedisPageToken: Equatable {
  /// A digest of the server's run: another one knows nothing of the cursor.
  var server: UInt64
  var cursor: UInt64
  /// Whether SCAN is through, so that only the ids are left.
  var isLast: Bool
  var ids: [ByteString]

  private static let version: UInt8 = 1
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  var text: [UInt8] {
    var bytes: [UInt8] = [Self.version, isLast ? 1 : 0]
    bytes += Self.bytes(of: server) + Self.bytes(of: cursor)
    for id in ids {
      bytes += [UInt8(truncatingIfNeeded: id.count >> 8), UInt8(truncatingIfNeeded: id.count)] + id.bytes
    }
    bytes.append(Self.check(bytes))
    return Self.encode(bytes)
  }

  init(server: UInt64, cursor: UInt64, isLast: Bool = false, ids: [ByteString] = []) {
    self.server = server
    self.cursor = cursor
    self.isLast = isLast
    self.ids = ids
  }

  /// nil for text that `text` never gave.
  init?(_ text: [UInt8]) {
    guard var bytes = Self.decode(text), bytes.count >= 19, let check = bytes.popLast(), check == Self.check(bytes),
      bytes[0] == Self.version, bytes[1] <= 1
    else { return nil }
    isLast = bytes[1] == 1
    server = Self.number(bytes[2..<10])
    cursor = Self.number(bytes[10..<18])
    ids = []
    var at = 18
    while at < bytes.count {
      guard at + 2 <= bytes.count else { return nil }
      let length = Int(bytes[at]) << 8 | Int(bytes[at + 1])
      at += 2
      guard 1...maxIDLength ~= length, at + length <= bytes.count else { return nil }
      ids.append(ByteString(Array(bytes[at..<at + length])))
      at += length
    }
  }

  private static func bytes(of number: UInt64) -> [UInt8] {
    stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> UInt64($0)) }
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

  private static func check(_ bytes: [UInt8]) -> UInt8 { bytes.reduce(UInt8(0x5A)) { ($0 &* 31) ^ $1 } }

  private static func encode(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = (0..<3).reduce(0) { $0 << 8 | (start + $1 < bytes.count ? Int(bytes[start + $1]) : 0) }
      for place in 0...min(3, bytes.count - start) { text.append(alphabet[group >> (18 - 6 * place) & 63]) }
    }
    return text
  }

  private static func decode(_ text: [UInt8]) -> [UInt8]? {
    var values = [UInt8](repeating: 0xff, count: 256)
    for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
    var bytes: [UInt8] = []
    var bits = 0
    var held = 0
    for character in text {
      let value = values[Int(character)]
      guard value < 64 else { return nil }
      held = (held << 6 | Int(value)) & 0xffff
      bits += 6
      if bits >= 8 {
        bits -= 8
        bytes.append(UInt8(truncatingIfNeeded: held >> bits))
      }
    }
    // What is left over are zeros, so that one token has one text.
    return bits < 6 && held & ((1 << bits) - 1) == 0 ? bytes : nil
  }
}
