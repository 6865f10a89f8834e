import Testing

@testable import VectorStore

@Suite struct PageTokenTests {
  @Test(arguments: [(1, 0), (1, 255), (77, 262_143), ((1 << 36) - 1, 1)] as [(UInt64, Int)])
  func comesBack(serial: UInt64, slot: Int) {
    let address = RowAddress(serial: serial, slot: slot)
    let token = PageToken.write(address)
    #expect(PageToken.read(token) == address)
    #expect(token.allSatisfy { $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "+") })
  }

  @Test func refusesOtherText() {
    let token = PageToken.write(RowAddress(serial: 5, slot: 6))
    #expect(PageToken.read([]) == nil)
    #expect(PageToken.read(Array("not a token!".utf8)) == nil)
    #expect(PageToken.read(token + token) == nil)
    #expect(PageToken.read(Array(token.dropLast())) == nil)
    for place in token.indices {
      var changed = token
      changed[place] = changed[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      #expect(PageToken.read(changed) == nil, "place \(place)")
    }
  }
}
