import Support
import Testing

@Suite struct SHA256Tests {
  private func digest(_ bytes: [UInt8]) -> String {
    String(decoding: bytes.withUnsafeBytes { SHA256.hexadecimal($0) }, as: UTF8.self)
  }

  @Test func digestsOfTheStandard() {
    #expect(digest([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(digest(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    let long = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
    #expect(digest(Array(long.utf8)) == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    let million = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
    #expect(digest(million) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  /// Where the length of the text and its own length meet the end of a block.
  @Test func everyLengthAroundABlockDiffers() {
    let digests = Set((50...130).map { digest([UInt8](repeating: 0, count: $0)) })
    #expect(digests.count == 81)
  }
}
