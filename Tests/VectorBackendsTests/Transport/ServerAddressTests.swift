import Testing
import VectorModel

@testable import VectorBackends

@Suite struct ServerAddressTests {
  private func read(_ url: String) throws -> ServerAddress {
    try ServerAddress(url: url, option: "url", schemes: ["http", "https", "redis"])
  }

  @Test func aURLIsTakenApart() throws {
    let address = try read("HTTPS://us%40er:p%3Aa%2Fss@db.example.com:8443/base/a%20b?x=1&y=%26&z#part")
    #expect(address.scheme == "https" && address.host == "db.example.com" && address.port == 8443)
    #expect(address.user == "us@er" && address.password == "p:a/ss")
    #expect(address.path == "/base/a%20b")
    #expect(address.query.map(\.name) == ["x", "y", "z"] && address.query.map(\.value) == ["1", "&", ""])
  }

  @Test func partsMayBeMissing() throws {
    #expect(
      try read("http://h")
        == {
          var a = ServerAddress(host: "h"); a.scheme = "http"; return a
        }())
    let onlyPassword = try read("redis://:secret@h:1")
    #expect(onlyPassword.user == nil && onlyPassword.password == "secret" && onlyPassword.port == 1)
    let six = try read("http://[::1]:9/")
    #expect(six.host == "::1" && six.port == 9 && six.hostInURL == "[::1]" && six.isLoopback)
    #expect(!ServerAddress(host: "127.example.com").isLoopback && ServerAddress(host: "127.1.2.3").isLoopback)
    #expect(try ServerAddress.hostAndPort("::1", option: "host").port == nil)
  }

  @Test(arguments: [
    "db:80", "ftp://h", "http://", "http://h:0", "http://h:99999", "http://h:x", "http://u:s3cret%zz@h", "http://a b",
    "http://u:s3cret%00@h", "http://[::1", "http://[::1]x", "http://u:s3cret%ff@h", "http://h\r\nX: 1", "", "://",
    "http://h%",
  ])
  func whatIsNoAddressIsRefusedWithoutItsValue(url: String) {
    let error = #expect(throws: VectorError.self) { _ = try read(url) }
    #expect(error?.status == .invalidOption)
    #expect(error?.message.contains("s3cret") == false)
    #expect(error?.message.contains("\"url\"") == true)
  }
}
