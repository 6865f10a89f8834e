import Resilience
import Support
import Testing

@testable import VectorBackends
@testable import VectorModel

/// Unary calls and what their answers say. The server speaks HTTP/1.1, whose chunks have trailers too.
@Suite struct GRPCCallTests {
  /// An answer with one message and a status behind it.
  private func answer(_ message: [UInt8], flag: UInt8 = 0, trailers: String) -> [ScriptedServer.Step] {
    let body = [flag, 0, 0, 0, UInt8(message.count)] + message
    return [
      .read, .write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\ncontent-type: application/grpc\r\n\r\n"),
      .write(String(body.count, radix: 16) + "\r\n"), .writeBytes(body), .write("\r\n0\r\n\(trailers)\r\n"),
    ]
  }

  private func call(_ server: ScriptedServer, deadline: UInt64? = nil) throws(AttemptFailure) -> [UInt8] {
    let context = CallContext(deadline: deadline)
    let connection: HTTPConnection
    do { connection = try VectorBackendsTests.connection(to: server) } catch {
      throw AttemptFailure(.refused, mayHaveApplied: false, cause: error)
    }
    guard let frame = GRPCFrame.begin(), frame.append(0x41), GRPCFrame.finish(frame) else { return [] }
    defer { withExtendedLifetime(frame) {} }
    let answer = try connection.unary(
      "/package.Service/Method", .bytes(UnsafeRawBufferPointer(frame.elements)),
      metadata: [("authorization", "eA==")], context: context)
    return answer.withMessage { Array($0) }
  }

  @Test func aMessageGoesAndOneComes() throws {
    let server = try ScriptedServer(answer([1, 2, 3], trailers: "grpc-status: 0\r\n"))
    defer { server.stop() }
    #expect(try call(server, deadline: monotonicNanoseconds() + 5_000_000_000) == [1, 2, 3])
    let request = server.requests[0]
    #expect(request.hasPrefix("POST /package.Service/Method HTTP/1.1\r\n"))
    // Milvus compares the whole of it.
    #expect(request.contains("content-type: application/grpc\r\n"))
    #expect(request.contains("te: trailers\r\n"))
    #expect(request.contains("authorization: eA==\r\n"))
    #expect(request.contains("grpc-timeout: 49") || request.contains("grpc-timeout: 5000m"))
    #expect(request.hasSuffix("\r\n\r\n\0\0\0\0\u{1}A"))
  }

  @Test func aStatusBehindTheMessageCounts() throws {
    let server = try ScriptedServer(
      answer([1], trailers: "grpc-status: 14\r\ngrpc-message: not%20now%22\r\n"))
    defer { server.stop() }
    let failed = try #require(failure { () throws(AttemptFailure) in _ = try call(server) })
    #expect(failed.kind == .unavailable)
    #expect(failed.mayHaveApplied)
    #expect(failed.error.status == .unavailable)
    #expect(failed.error.message.contains("UNAVAILABLE: \"not now\\\"\""))
  }

  @Test func aStatusMayStandInTheHeadersAlone() throws {
    let server = try ScriptedServer([
      .read, .write("HTTP/1.1 200 OK\r\ngrpc-status: 16\r\ngrpc-message: who%3F\r\nContent-Length: 0\r\n\r\n"),
    ])
    defer { server.stop() }
    let failed = try #require(failure { () throws(AttemptFailure) in _ = try call(server) })
    #expect(failed.kind == .refused)
    #expect(!failed.mayHaveApplied)
    #expect(failed.error.status == .unauthenticated)
  }

  @Test func whatIsNoAnswerIsNoSuccess() throws {
    for (steps, status) in [
      (answer([1, 2], flag: 1, trailers: "grpc-status: 0\r\n"), Status.protocolViolation),
      // Whose connection stands.
      (answer([1, 2], trailers: "") + [.read], .protocolViolation),
      ([.read, .write("HTTP/1.1 200 OK\r\ngrpc-status: 0\r\nContent-Length: 0\r\n\r\n")], .protocolViolation),
      (
        [.read, .write("HTTP/1.1 200 OK\r\ngrpc-status: 0\r\nContent-Length: 6\r\n\r\n\0\0\0\0\u{9}A")],
        .protocolViolation
      ),
      ([.read, .write("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nnix")], .notFound),
    ] {
      let server = try ScriptedServer(steps)
      defer { server.stop() }
      let failed = try #require(failure { () throws(AttemptFailure) in _ = try call(server) })
      #expect(failed.kind == .refused)
      #expect(failed.error.status == status)
    }
  }

  @Test func anAnswerThatTheEndOfTheConnectionCutsIsWorthAnotherAttempt() throws {
    let server = try ScriptedServer([
      .read, .write("HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\n\r\n\0\0\0\0\u{9}A"),
    ])
    defer { server.stop() }
    let failed = try #require(failure { () throws(AttemptFailure) in _ = try call(server) })
    #expect(failed.kind == .broken && failed.mayHaveApplied && failed.error.status == .unavailable)
  }

  @Test func aGatewayThatIsDownIsWorthAnotherAttempt() throws {
    let server = try ScriptedServer([.read, .write("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")])
    defer { server.stop() }
    #expect(failure { () throws(AttemptFailure) in _ = try call(server) }?.kind == .unavailable)
  }

  @Test(arguments: [
    (GRPCStatus.Code.resourceExhausted, AttemptFailure.Kind.throttled, false), (.aborted, .conflicted, true),
    (.deadlineExceeded, .timedOut, true), (.invalidArgument, .refused, false), (.internal, .refused, true),
    (.unknown, .refused, true), (.permissionDenied, .refused, false), (.unimplemented, .refused, false),
  ])
  func eachCodeSaysWhetherToTryAgain(_ code: GRPCStatus.Code, _ kind: AttemptFailure.Kind, _ mayHaveApplied: Bool) {
    let failed = GRPCStatus(code).failure("here")
    #expect(failed.kind == kind)
    #expect(failed.mayHaveApplied == mayHaveApplied)
  }

  @Test func aMessageTooLargeIsNoThrottle() {
    let failed = GRPCStatus(.resourceExhausted, "grpc: received message larger than max (7 vs. 4)").failure("here")
    #expect(failed.kind == .refused)
    #expect(failed.error.status == .tooLarge)
  }

  @Test func theTimeoutHasEightDigitsAtMost() {
    #expect(HTTPConnection.timeout(until: nil) == nil)
    #expect(HTTPConnection.timeout(until: 0) == "1m")
    #expect(HTTPConnection.timeout(until: .max) == "99999999m")
  }
}
