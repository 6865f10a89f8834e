import Resilience
import Support
import Testing

@testable import VectorBackends
@testable import VectorModel

/// Requests and answers over one connection.
@Suite struct HTTPConnectionTests {
  @Test func oneConnectionServesOneRequestAfterTheOther() throws {
    let server = try ScriptedServer([.read, answer("200 OK", "one"), .read, answer("404 Not Found", "two")])
    defer { server.stop() }
    let connection = try connection(to: server) { $0.basePath = "/base" }
    let body = Array("{\"a\":1}".utf8)
    let first = try body.withUnsafeBytes { bytes in
      try connection.send(
        HTTPRequest(
          .post, "/p?q=1", headers: [("Content-Type", "application/json"), ("X-Empty", "")], body: .bytes(bytes)),
        context: .unbounded)
    }
    #expect(first.status == 200)
    #expect(first.text == "one")
    let second = try connection.send(HTTPRequest(.delete, "/d%20e/../f"), context: .unbounded)
    #expect(second.status == 404)
    #expect(second.text == "two")
    #expect(server.connectionCount == 1)
    let (post, delete) = (server.requests[0], server.requests[1])
    #expect(post.hasPrefix("POST /base/p?q=1 HTTP/1.1\r\n"))
    #expect(post.contains("Content-Type: application/json\r\n"))
    #expect(post.contains("X-Empty:\r\n"))
    #expect(post.contains("User-Agent: libvectordb"))
    #expect(!post.contains("Expect"))
    #expect(post.hasSuffix("\r\n\r\n{\"a\":1}"))
    #expect(delete.hasPrefix("DELETE /base/d%20e/../f HTTP/1.1\r\n"))
    #expect(!delete.contains("Content-Type"))
  }

  @Test func aLongBodyGoesWithoutWaitingToBeAskedForIt() throws {
    let server = try ScriptedServer([.read, answer("200 OK")])
    defer { server.stop() }
    let body = [UInt8](repeating: 0x61, count: 3 << 20)
    let connection = try connection(to: server)
    let tally = CallTally()
    _ = try body.withUnsafeBytes { bytes in
      try connection.send(HTTPRequest(.put, "/", body: .bytes(bytes)), context: CallContext(tally: tally))
    }
    // With this header libcurl waits for up to a second.
    #expect(!server.requests[0].contains("Expect:"))
    #expect(server.requests[0].hasSuffix("aaaa"))
    #expect(tally[.bytesSent] == UInt64(body.count))
  }

  /// Bodies of all kinds one after the other, each asked for in its own way.
  @Test func aBodyIsMadeWhileItGoesOut() throws {
    let script: [ScriptedServer.Step] = [.read, answer("200 OK")]
    let server = try ScriptedServer(script + script + script + script)
    defer { server.stop() }
    let connection = try connection(to: server)
    let rows = try #require(
      HTTPRowBody(head: ColumnBuffer(), rows: 1000, rowBytes: 2000) { row, target in
        let byte = UInt8(ascii: "a") + UInt8(row % 26)
        target.initializeMemory(as: UInt8.self, repeating: byte, count: 2000)
      })
    _ = try connection.send(HTTPRequest(.post, "/", body: .rows(rows)), context: .unbounded)
    let bytes = Array("plain".utf8)
    _ = try bytes.withUnsafeBytes { bytes in
      try connection.send(HTTPRequest(.post, "/", body: .bytes(bytes)), context: .unbounded)
    }
    _ = try connection.send(HTTPRequest(.get, "/get"), context: .unbounded)
    // The same once more, from its beginning.
    _ = try connection.send(HTTPRequest(.put, "/", body: .rows(rows)), context: .unbounded)
    let sent = server.requests
    #expect(
      sent.map { $0.prefix { $0 != "\r\n" } } == [
        "POST / HTTP/1.1", "POST / HTTP/1.1", "GET /get HTTP/1.1", "PUT / HTTP/1.1",
      ])
    let whole = (0..<1000).map { String(repeating: Character(Unicode.Scalar(0x61 + UInt8($0 % 26))), count: 2000) }
    #expect(sent[0].hasSuffix("\r\n\r\n" + whole.joined()))
    #expect(sent[1].hasSuffix("\r\n\r\nplain"))
    #expect(sent[2].hasSuffix("\r\n\r\n"))
    #expect(sent[3].hasSuffix("\r\n\r\n" + whole.joined()))
    #expect(sent[3].contains("Content-Length: 2000000\r\n"))
  }

  @Test func headersAndTrailersAreFoundWhateverTheirCase() throws {
    let server = try ScriptedServer([
      .read, .write("HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"),
      .write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nx-Thing:  a b \r\nX-Thing: c\r\nEmpty:\r\n\r\n"),
      .write("3\r\nabc\r\n0\r\nGrpc-Status: 5\r\n\r\n"),
    ])
    defer { server.stop() }
    let response = try connection(to: server).send(HTTPRequest(.get, "/"), context: .unbounded)
    #expect(response.text == "abc")
    #expect(response.headers["X-THING"] == "a b")
    #expect(response.headers["empty"] == "")
    #expect(response.headers["thing"] == nil)
    #expect(response.headers["link"] == nil)
    #expect(response.headers["grpc-status"] == nil)
    #expect(response.trailers["grpc-status"] == "5")
  }

  @Test func redirectsAreAnswersLikeOthers() throws {
    let server = try ScriptedServer([.read, answer("302 Found", "", "Location: http://127.0.0.1:1/")])
    defer { server.stop() }
    #expect(try connection(to: server).send(HTTPRequest(.get, "/"), context: .unbounded).status == 302)
  }

  @Test func compressedBodiesAreReadAndBoundedByWhatTheyUnpackTo() throws {
    // 64 KiB of zeros, packed.
    let packed: [UInt8] =
      [
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xed, 0xc1, 0x01, 0x01, 0x00, 0x00, 0x00, 0x80,
        0x90, 0xfe, 0xaf, 0xee, 0x08, 0x0a,
      ] + [UInt8](repeating: 0, count: 63) + [0x6a, 0xeb, 0x8e, 0x97, 0xd7, 0x00, 0x00, 0x01, 0x00]
    let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(packed.count)\r\n\r\n"
    let server = try ScriptedServer([.read, .write(head), .writeBytes(packed)])
    defer { server.stop() }
    let whole = try connection(to: server).send(HTTPRequest(.get, "/"), context: .unbounded)
    #expect(whole.body.count == 65_536)
    #expect(server.requests[0].contains("Accept-Encoding: gzip"))
    let small = try connection(to: server) { $0.maxResponseBytes = 65_535 }
    let refused = failure { () throws(AttemptFailure) in
      _ = try small.send(HTTPRequest(.get, "/"), context: .unbounded)
    }
    #expect(refused?.kind == .refused)
    #expect(refused?.error.status == .tooLarge)
  }

  @Test func aHeaderCannotSmuggleAnother() throws {
    let server = try ScriptedServer([.read, answer("200 OK")])
    defer { server.stop() }
    let connection = try connection(to: server)
    for (name, value) in [("X-Key", "secret\r\nX-Other: 1"), ("X-Key", "a\0b"), ("X Key", "v"), ("X:Key", "v")] {
      let refused = failure { () throws(AttemptFailure) in
        _ = try connection.send(HTTPRequest(.get, "/", headers: [(name, value)]), context: .unbounded)
      }
      #expect(refused?.error.status == .invalidArgument)
      #expect(refused?.error.message.contains("secret") == false)
    }
    #expect(server.connectionCount == 0)
  }

  @Test func anIdleConnectionThatTheServerClosedIsSeenWithoutSending() throws {
    let server = try ScriptedServer([.read, answer("200 OK")], [.read, answer("200 OK", "again")])
    defer { server.stop() }
    let connection = try connection(to: server)
    _ = try connection.send(HTTPRequest(.get, "/"), context: .unbounded)
    while connection.isAlive {}
    #expect(try connection.send(HTTPRequest(.get, "/"), context: .unbounded).text == "again")
    #expect(server.connectionCount == 2)
  }

  /// What could not stand in a request is written so that it can, whatever came before.
  @Test func aTargetIsSentAsItIsOrEncoded() throws {
    let script: [ScriptedServer.Step] = [.read, answer("200 OK")]
    let server = try ScriptedServer(script + script + script)
    defer { server.stop() }
    let connection = try connection(to: server)
    for path in ["/a", "/b\u{E9}#end", "/d"] {
      #expect(try connection.send(HTTPRequest(.get, path), context: .unbounded).status == 200)
    }
    let lines = server.requests.map { $0.prefix { $0 != "\r\n" } }
    #expect(lines == ["GET /a HTTP/1.1", "GET /b%c3%a9 HTTP/1.1", "GET /d HTTP/1.1"])
    #expect(server.requests.allSatisfy { $0.contains("Host: 127.0.0.1:\(server.port)\r\n") })
  }

  @Test func aProxyIsToldTheWholeURL() throws {
    let proxy = try ScriptedServer([.read, answer("200 OK", "from the proxy")])
    defer { proxy.stop() }
    let connection = try connection(to: proxy) {
      $0.proxy = "http://127.0.0.1:\($0.port)"
      ($0.host, $0.port, $0.basePath) = ("server.invalid", 8123, "/base")
    }
    #expect(try connection.send(HTTPRequest(.get, "/p?q"), context: ending(after: 5000)).text == "from the proxy")
    #expect(proxy.requests[0].hasPrefix("GET http://server.invalid:8123/base/p?q HTTP/1.1\r\n"))
  }

  @Test func aRequestOfItsOwnUserAgentHasNoOther() throws {
    let server = try ScriptedServer([.read, answer("200 OK")])
    defer { server.stop() }
    let connection = try connection(to: server)
    _ = try connection.send(HTTPRequest(.get, "/", headers: [("user-agent", "own")]), context: .unbounded)
    #expect(server.requests[0].contains("user-agent: own\r\n"))
    #expect(!server.requests[0].contains("libvectordb"))
  }

  @Test func anAnswerThatIsKeptStaysAsItWas() throws {
    let server = try ScriptedServer([
      .read, answer("200 OK", "first", "X-Number: 1"), .read, answer("200 OK", "other", "X-Number: 2"),
    ])
    defer { server.stop() }
    let connection = try connection(to: server)
    let first = try connection.send(HTTPRequest(.get, "/"), context: .unbounded)
    let other = try connection.send(HTTPRequest(.get, "/"), context: .unbounded)
    #expect(first.text == "first" && other.text == "other")
    #expect(first.headers["x-number"] == "1" && other.headers["x-number"] == "2")
  }

  @Test func textsThatOnlyLookTheSameAreTwo() {
    // A K, and the sign for kelvins, which Swift takes for the same.
    #expect("K" == "\u{212A}" && !"K".hasBytes(of: "\u{212A}"))
    #expect("some text of some length".hasBytes(of: "some text of " + "some length"))
    #expect(!"a".hasBytes(of: "b") && !"a".hasBytes(of: "ab"))
  }

  @Test func pathSegmentsAreEncodedWhole() {
    #expect(percentEncoded("a b/c?é%") == "a%20b%2Fc%3F%C3%A9%25")
    #expect(percentEncoded("A-z_0.9~") == "A-z_0.9~")
    #expect(percentEncoded("..") == "%2E%2E")
    #expect(percentEncoded("...") == "...")
  }
}
