import CTestSupport
import Glibc
import Resilience
import Support
import Testing

@testable import VectorBackends
@testable import VectorModel

/// How sending fails, and that it fails in time.
@Suite struct HTTPFailureTests {
  private let get = HTTPRequest(.get, "/")

  @Test func nobodyListening() throws {
    let server = try ScriptedServer([])
    server.stop()
    let connection = try connection(to: server)
    let failed = failure { () throws(AttemptFailure) in _ = try connection.send(get, context: .unbounded) }
    #expect(failed?.kind == .unreachable)
    #expect(failed?.mayHaveApplied == false)
    #expect(failed?.error.status == .unavailable)
    #expect(failed?.error.message.contains("127.0.0.1:\(server.port)") == true)
  }

  @Test func aHostThatDoesNotExist() throws {
    let endpoint = HTTPEndpoint(scheme: .http, host: "no-such-host.invalid", port: 80)
    let connection = try HTTPConnectionFactory(endpoint).open(.unbounded)
    let failed = failure { () throws(AttemptFailure) in _ = try connection.send(get, context: ending(after: 8000)) }
    #expect(failed?.kind == .unreachable || failed?.kind == .timedOut)
    #expect(failed?.mayHaveApplied == false)
  }

  @Test(
    arguments: [
      // Cut in the body, in the chunks, in the headers, and before any of it.
      [.read, .write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")],
      [.read, .write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")],
      [.read, .write("HTTP/1.1 200 OK\r\nContent-"), .reset],
      [.read], [.read, .reset], [.read, .write("hello\r\n")],
      [.read, .write("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc")],
    ] as [[ScriptedServer.Step]])
  func anAnswerThatIsCutIsNoAnswer(_ script: [ScriptedServer.Step]) throws {
    let server = try ScriptedServer(script)
    defer { server.stop() }
    let connection = try connection(to: server)
    let failed = failure { () throws(AttemptFailure) in _ = try connection.send(get, context: ending(after: 5000)) }
    #expect(failed?.kind == .broken)
    #expect(failed?.mayHaveApplied == true)
  }

  @Test(
    arguments: [[.read, answer("200 OK"), .read, .reset], [.read, answer("200 OK"), .read]] as [[ScriptedServer.Step]])
  func aKeptConnectionThatDiesIsStaleAndTheRequestIsNotSentTwice(_ script: [ScriptedServer.Step]) throws {
    let server = try ScriptedServer(script, [.read, answer("200 OK", "second connection")])
    defer { server.stop() }
    let connection = try connection(to: server)
    _ = try connection.send(get, context: .unbounded)
    let failed = failure { () throws(AttemptFailure) in
      _ = try connection.send(HTTPRequest(.post, "/create"), context: ending(after: 5000))
    }
    #expect(failed?.kind == .staleConnection)
    #expect(failed?.mayHaveApplied == true)
    #expect(server.requests.filter { $0.hasPrefix("POST") }.count == 1)
  }

  @Test func theDeadlineEndsEveryPartOfAnExchange() throws {
    for script: [ScriptedServer.Step] in [
      [.read, .pause(3000)], [.read, .write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), .pause(3000)],
      [.pause(3000)],
    ] {
      let server = try ScriptedServer(script)
      defer { server.stop() }
      let connection = try connection(to: server)
      var failed: AttemptFailure?
      let took = milliseconds {
        failed = failure { () throws(AttemptFailure) in _ = try connection.send(get, context: ending(after: 150)) }
      }
      #expect(failed?.kind == .timedOut)
      #expect(failed?.error.status == .timeout)
      #expect(failed?.mayHaveApplied == true)
      #expect(took >= 149 && took < 1000)
    }
  }

  @Test func aServerThatNeverAcceptsIsUnreachableAfterTheConnectTimeout() throws {
    // A name that TLS is spoken to and that never answers: the handshake hangs.
    let server = try ScriptedServer([.pause(3000)])
    defer { server.stop() }
    let connection = try connection(to: server) {
      $0.scheme = .https
      $0.connectTimeout = 200_000_000
    }
    var failed: AttemptFailure?
    let took = milliseconds {
      failed = failure { () throws(AttemptFailure) in _ = try connection.send(get, context: ending(after: 5000)) }
    }
    #expect(failed?.kind == .unreachable)
    #expect(failed?.mayHaveApplied == false)
    #expect(took < 1500)
  }

  @Test func aCancelEndsTheWaitAtOnce() throws {
    let server = try ScriptedServer([.read, .pause(5000)])
    defer { server.stop() }
    let connection = try connection(to: server)
    let token = CancelToken()
    onThread {
      usleep(100_000)
      token.cancel()
    }
    var failed: AttemptFailure?
    let took = milliseconds {
      failed = failure { () throws(AttemptFailure) in
        _ = try connection.send(get, context: CallContext(cancel: token))
      }
    }
    #expect(failed?.kind == .cancelled)
    #expect(took >= 99 && took < 1000)
    // One that was cancelled before sends nothing.
    let unused = try ScriptedServer([.read])
    defer { unused.stop() }
    let other = try VectorBackendsTests.connection(to: unused)
    let before = failure { () throws(AttemptFailure) in
      _ = try other.send(get, context: CallContext(cancel: token))
    }
    #expect(before?.kind == .cancelled)
    #expect(before?.mayHaveApplied == false)
    #expect(unused.connectionCount == 0)
  }

  @Test func aBrokenPipeRaisesNoSignalAndChangesNoMask() throws {
    // A server that goes away while a long body is still being sent.
    let server = try ScriptedServer([.pause(50), .reset])
    defer { server.stop() }
    let connection = try connection(to: server)
    let body = ByteString([UInt8](repeating: 0, count: 32 << 20))
    var before = sigset_t()
    pthread_sigmask(SIG_BLOCK, nil, &before)
    let failed = failure { () throws(AttemptFailure) in
      try withBytes(of: body) { (bytes) throws(AttemptFailure) in
        _ = try connection.send(HTTPRequest(.post, "/", body: .bytes(bytes)), context: ending(after: 5000))
      }
    }
    #expect(failed?.kind == .broken)
    var after = sigset_t()
    var pending = sigset_t()
    pthread_sigmask(SIG_BLOCK, nil, &after)
    sigpending(&pending)
    #expect((1..<65).allSatisfy { sigismember(&before, $0) == sigismember(&after, $0) })
    #expect(sigismember(&pending, SIGPIPE) == 0)
  }

  @Test func tooManyHeadersAreRefused() throws {
    let line = "x: " + String(repeating: "y", count: 1000) + "\r\n"
    let server = try ScriptedServer([
      .read, .write("HTTP/1.1 200 OK\r\n" + String(repeating: line, count: 200) + "\r\n"),
    ])
    defer { server.stop() }
    let connection = try connection(to: server)
    let failed = failure { () throws(AttemptFailure) in _ = try connection.send(get, context: ending(after: 5000)) }
    #expect(failed?.kind == .refused)
    #expect(failed?.error.status == .protocolViolation)
  }

  /// What a forked child does with its parent's connection.
  private final class Forked {
    let connection: HTTPConnection
    let factory: HTTPConnectionFactory
    init(_ connection: HTTPConnection, _ factory: HTTPConnectionFactory) {
      (self.connection, self.factory) = (connection, factory)
    }
  }

  @Test func aForkedChildLetsGoOfTheConnectionAndTheParentGoesOn() throws {
    let server = try ScriptedServer(
      [.read, answer("200 OK"), .read, answer("200 OK", "still here")], [.read, answer("200 OK")])
    defer { server.stop() }
    let factory = try HTTPConnectionFactory(HTTPEndpoint(scheme: .http, host: "127.0.0.1", port: server.port))
    let forked = Forked(try factory.open(.unbounded), factory)
    _ = try forked.connection.send(get, context: .unbounded)
    let answer = test_run_in_child(
      { context in
        guard let context else { return 9 }
        let forked = Unmanaged<Forked>.fromOpaque(context).takeUnretainedValue()
        forked.factory.abandon(forked.connection)
        forked.factory.close(forked.connection)
        guard let own = try? forked.factory.open(.unbounded),
          let response = try? own.send(HTTPRequest(.get, "/child"), context: ending(after: 5000))
        else { return 1 }
        return response.status == 200 ? 0 : 2
      }, Unmanaged.passUnretained(forked).toOpaque(), 10)
    #expect(answer == 0)
    #expect(try forked.connection.send(get, context: ending(after: 5000)).text == "still here")
    #expect(server.connectionCount == 2)
  }
}
