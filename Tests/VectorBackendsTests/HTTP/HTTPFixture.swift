import Resilience
import Support
import Testing

@testable import VectorBackends
@testable import VectorModel

/// A connection to a scripted server.
func connection(
  to server: ScriptedServer, _ change: (inout HTTPEndpoint) -> Void = { _ in }
) throws -> HTTPConnection {
  var endpoint = HTTPEndpoint(scheme: .http, host: "127.0.0.1", port: server.port)
  change(&endpoint)
  return try HTTPConnectionFactory(endpoint).open(.unbounded)
}

/// A whole answer with a body.
func answer(_ status: String, _ body: String = "", _ headers: String...) -> ScriptedServer.Step {
  let lines = ["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)"] + headers
  return .write(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
}

/// A context that ends after so many milliseconds.
func ending(after milliseconds: UInt64) -> CallContext {
  CallContext(deadline: monotonicNanoseconds() + milliseconds * 1_000_000)
}

/// Milliseconds that work took.
func milliseconds(_ body: () throws -> Void) rethrows -> Double {
  let began = monotonicNanoseconds()
  try body()
  return Double(monotonicNanoseconds() - began) / 1e6
}

/// How sending failed.
func failure(_ body: () throws(AttemptFailure) -> Void) -> AttemptFailure? {
  do { try body() } catch { return error }
  return nil
}

extension HTTPResponse {
  var text: String { withBody { String(decoding: $0, as: UTF8.self) } }
}

extension AttemptFailure {
  var error: VectorError { VectorError(cause: cause) }
}
