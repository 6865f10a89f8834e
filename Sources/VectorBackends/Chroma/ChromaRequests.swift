import Resilience
import Support
import VectorModel

/// Sends requests to a Chroma server through the resilience layer and reads what comes back.
final class ChromaRequests: Sendable {
  package typealias Executor = RequestExecutor<Pool<HTTPConnectionFactory>>

  private let executor: Executor
  /// Of requests without a body, and of those with one.
  private let headers: [(name: String, value: String)]
  private let headersWithBody: [(name: String, value: String)]

  init(_ executor: Executor, authorization: ChromaSettings.Authorization?) {
    self.executor = executor
    var headers = [(name: "Accept", value: "application/json")]
    if let authorization { headers.append((authorization.name, authorization.value)) }
    self.headers = headers
    headersWithBody = headers + [("Content-Type", "application/json")]
  }

  /// Sends one request as often as it takes. `attempts` counts how often it was sent.
  func send<Answer>(
    _ kind: RequestKind, _ method: HTTPMethod, _ path: String, _ context: CallContext,
    body: ColumnBuffer<UInt8>? = nil, attempts: UnsafeMutablePointer<Int>? = nil,
    _ read: (JSONValue) throws(ChromaAnswers.Violation) -> Answer
  ) throws(VectorError) -> Answer {
    do throws(RequestFailure) {
      return try executor.run(kind, context) { (connection, context) throws(AttemptFailure) in
        attempts?.pointee += 1
        defer { withExtendedLifetime(body) {} }
        let bytes = body.map { HTTPBody.bytes(UnsafeRawBufferPointer($0.elements)) } ?? .none
        return try exchange(connection, context, method, path, bytes, read)
      }
    } catch {
      throw VectorError(error, of: kind)
    }
  }

  /// Sends a batch of `items`; `body` writes those still to be done.
  func sendBatch(
    _ kind: RequestKind, items: Int, _ path: String, _ context: CallContext,
    _ body: (PendingItems) throws(VectorError) -> HTTPRowBody
  ) throws(VectorError) -> WriteOutcome {
    let outcome = executor.runBatch(kind, items: items, context) {
      (connection, context, pending, _) throws(AttemptFailure) in
      let written: HTTPRowBody
      do throws(VectorError) { written = try body(pending) } catch { throw AttemptFailure(local: error) }
      try exchange(connection, context, .post, path, .rows(written)) { _ in }
    }
    return try WriteOutcome(outcome, of: kind, items: items, deleted: nil)
  }

  private func exchange<Answer>(
    _ connection: HTTPConnection, _ context: CallContext, _ method: HTTPMethod, _ path: String,
    _ body: HTTPBody, _ read: (JSONValue) throws(ChromaAnswers.Violation) -> Answer
  ) throws(AttemptFailure) -> Answer {
    let request = HTTPRequest(method, path, headers: body.count > 0 ? headersWithBody : headers, body: body)
    let response = try connection.send(request, context: context)
    guard response.isSuccess else { throw response.failure(Self.error(response)) }
    let document = try response.json("the answer of Chroma")
    do throws(ChromaAnswers.Violation) {
      return try read(document.root)
    } catch {
      throw response.violation("Chroma answered with \(error.message)")
    }
  }

  /// What an error answer says. `{"error": class, "message": text}`, or whatever a proxy sends.
  private static func error(_ response: HTTPResponse) -> VectorError {
    var said = response.body.count == 0 ? "no reason given" : response.excerpt
    if let root = try? response.json("").root, let message = root["message"]?.string {
      said = quoted(message, limit: 300)
    }
    var status = response.errorStatus
    // The database that a collection is to be created in.
    if status == .invalidArgument, said.hasPrefix("\"Database ["), said.hasSuffix("does not exist\"") {
      status = .notFound
    }
    return VectorError(status, "Chroma answered \(response.status): \(said)")
  }
}
