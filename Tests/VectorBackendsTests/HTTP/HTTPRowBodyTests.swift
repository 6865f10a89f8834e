import Glibc
import Resilience
import Support
import Testing

@testable import VectorBackends
@testable import VectorModel

/// Bodies that are made while they go out, in pieces of any size.
@Suite struct HTTPRowBodyTests {
  private func buffer(_ text: String) -> ColumnBuffer<UInt8> {
    let buffer = ColumnBuffer<UInt8>()
    for byte in text.utf8 { #expect(buffer.append(byte)) }
    return buffer
  }

  /// "head", rows of four digits, "end".
  private func body(rows: Int) throws -> HTTPRowBody {
    let body = HTTPRowBody(head: buffer("head"), rows: rows, rowBytes: 4, tail: buffer("end")) { row, target in
      let text = String(1000 + row)
      for (place, byte) in text.utf8.enumerated() { target.storeBytes(of: byte, toByteOffset: place, as: UInt8.self) }
    }
    return try #require(body)
  }

  private func read(_ body: HTTPRowBody, by step: Int) -> String {
    var whole: [UInt8] = []
    var room = [UInt8](repeating: 0x2E, count: step)
    while true {
      let count = room.withUnsafeMutableBytes { body.read(into: $0) }
      if count == 0 { break }
      whole += room.prefix(count)
    }
    return String(decoding: whole, as: UTF8.self)
  }

  @Test(arguments: 1...20) func piecesOfAnySizeMakeTheSameWhole(_ step: Int) throws {
    let body = try body(rows: 3)
    #expect(body.count == 19)
    #expect(read(body, by: step) == "head100010011002end")
    #expect(read(body, by: step) == "")
    body.rewind()
    #expect(read(body, by: step) == "head100010011002end")
  }

  /// Begun anew in the midst of a row, as when a request is sent again.
  @Test func theNextAttemptBeginsAtTheBeginning() throws {
    let body = try body(rows: 2)
    var room = [UInt8](repeating: 0, count: 6)
    #expect(room.withUnsafeMutableBytes { body.read(into: $0) } == 6)
    body.rewind()
    #expect(read(body, by: 100) == "head10001001end")
  }

  /// By default 40 MB, which no socket takes at once.
  private func longBody(rows: Int = 10_000) throws -> HTTPRowBody {
    try #require(
      HTTPRowBody(head: buffer("head"), rows: rows, rowBytes: 4000, tail: buffer("end")) { row, target in
        target.initializeMemory(as: UInt8.self, repeating: UInt8(ascii: "a") + UInt8(row % 26), count: 4000)
      })
  }

  @Test(arguments: [true, false]) func aCancelAndADeadlineEndItInTheMidst(_ isCancelled: Bool) throws {
    let server = try ScriptedServer([.pause(3000)])
    defer { server.stop() }
    let connection = try connection(to: server)
    let request = HTTPRequest(.post, "/", body: .rows(try longBody()))
    let token = CancelToken()
    if isCancelled {
      onThread {
        usleep(150_000)
        token.cancel()
      }
    }
    var failed: AttemptFailure?
    let took = milliseconds {
      failed = failure { () throws(AttemptFailure) in
        _ = try connection.send(request, context: isCancelled ? CallContext(cancel: token) : ending(after: 150))
      }
    }
    #expect(failed?.kind == (isCancelled ? .cancelled : .timedOut))
    #expect(failed?.mayHaveApplied == true)
    #expect(took >= 149 && took < 2000)
  }

  /// The connection that was kept dies in the midst: the request is not sent again by itself, and goes out whole when it is.
  @Test func aConnectionThatDiesInTheMidstIsStale() throws {
    let server = try ScriptedServer(
      [.read, answer("200 OK"), .receive, .reset], [.read, answer("200 OK", "second connection")])
    defer { server.stop() }
    let connection = try connection(to: server)
    _ = try connection.send(HTTPRequest(.get, "/"), context: .unbounded)
    let body = try longBody(rows: 1000)
    let failed = failure { () throws(AttemptFailure) in
      _ = try connection.send(HTTPRequest(.post, "/", body: .rows(body)), context: ending(after: 5000))
    }
    #expect(failed?.kind == .staleConnection)
    #expect(failed?.mayHaveApplied == true)
    #expect(server.connectionCount == 1)
    let other = try VectorBackendsTests.connection(to: server)
    #expect(try other.send(HTTPRequest(.post, "/", body: .rows(body)), context: .unbounded).status == 200)
    #expect(server.requests.last?.hasSuffix("\r\n\r\n" + read(try longBody(rows: 1000), by: 4096)) == true)
  }

  @Test func noRowsAreJustBothEnds() throws {
    #expect(read(try body(rows: 0), by: 5) == "headend")
    let bare = try #require(HTTPRowBody(head: buffer("all")))
    #expect(read(bare, by: 2) == "all")
  }
}
