/// The text that says where a page starts: version, row address and a check, in base64url without padding.
///
/// Nine bytes, twelve characters. Opaque to callers; the check only tells tokens from other text.
enum PageToken {
  private static let version: UInt64 = 1
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  static func write(_ address: RowAddress) -> [UInt8] {
    let bytes = bytes(of: address)
    return stride(from: 0, to: bytes.count, by: 3).flatMap { at in
      let group = Int(bytes[at]) << 16 | Int(bytes[at + 1]) << 8 | Int(bytes[at + 2])
      return [18, 12, 6, 0].map { alphabet[group >> $0 & 63] }
    }
  }

  /// nil for text that `write` never made.
  static func read(_ text: [UInt8]) -> RowAddress? {
    guard text.count == 12 else { return nil }
    var bytes: [UInt8] = []
    for at in stride(from: 0, to: text.count, by: 4) {
      var group = 0
      for character in text[at..<at + 4] {
        guard let digit = alphabet.firstIndex(of: character) else { return nil }
        group = group << 6 | digit
      }
      bytes += [16, 8, 0].map { UInt8(truncatingIfNeeded: group >> $0) }
    }
    let bits = bytes[1..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard bits >> UInt64(RowAddress.width) == 0 else { return nil }
    let address = RowAddress(bits: bits)
    return self.bytes(of: address) == bytes ? address : nil
  }

  /// Version, seven bytes of address, check.
  private static func bytes(of address: RowAddress) -> [UInt8] {
    let body = version << 56 | address.bits
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: body >> UInt64(56 - 8 * $0)) }
    return bytes + [bytes.reduce(UInt8(0x5A)) { ($0 &* 31) ^ $1 }]
  }
}
