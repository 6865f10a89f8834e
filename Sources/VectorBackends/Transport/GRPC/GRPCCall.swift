import Resilience
import Support
import VectorModel

/// The answer of a unary call that ended well: one message.
package struct GRPCAnswer {
  private let response: HTTPResponse

  fileprivate init(_ response: HTTPResponse) { self.response = response }

  /// What the message lies in: keeps it in place for those who go on reading it.
  package var body: ColumnBuffer<UInt8> { response.body }

  /// Lends the message out. The frame was checked when the answer came.
  package func withMessage<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try response.withBody { (bytes) throws(Failure) in
      try body(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(GRPCFrame.headerSize)))
    }
  }
}

extension HTTPConnection {
  /// Sends one message and reads one: a unary call.
  ///
  /// `method` is "/package.Service/Method", `body` a finished `GRPCFrame`. The server is told how long the answer is waited
  /// for. Fails as `send` does, with what the status of the answer says, and with `refused` for what is no answer of gRPC.
  package func unary(
    _ method: String, _ body: HTTPBody, metadata: [(name: String, value: String)], context: CallContext
  ) throws(AttemptFailure) -> GRPCAnswer {
    var headers = metadata
    headers.reserveCapacity(metadata.count + 4)
    // No more exact type: Milvus tells gRPC from other HTTP on its port by this very text.
    headers.append(("content-type", "application/grpc"))
    headers.append(("te", "trailers"))
    headers.append(("grpc-accept-encoding", "identity"))
    if let timeout = Self.timeout(until: context.deadline) { headers.append(("grpc-timeout", timeout)) }
    let response = try send(HTTPRequest(.post, method, headers: headers, body: body), context: context)
    guard response.status == 200 else {
      // Not from a gRPC server, or not from its handler: a proxy, a web page.
      let (server, words) = (endpoint.authority, response.excerpt)
      throw response.failure(
        VectorError(
          response.errorStatus, "\(server) answered a gRPC call with HTTP status \(response.status): \(words)"))
    }
    guard let status = GRPCStatus(headers: response.headers, trailers: response.trailers) else {
      if isGone {
        throw AttemptFailure(
          .broken, mayHaveApplied: true,
          cause: VectorError(.unavailable, "the connection broke to \(endpoint.authority) within its answer"))
      }
      throw response.violation("\(endpoint.authority) answered a gRPC call without a grpc-status")
    }
    guard status.code == .ok else { throw status.failure(endpoint.authority) }
    let defect = response.withBody { bytes -> GRPCFrame.Defect? in
      do throws(GRPCFrame.Defect) {
        _ = try GRPCFrame.message(of: bytes)
        return nil
      } catch { return error }
    }
    guard let defect else { return GRPCAnswer(response) }
    let what =
      switch defect {
      case .cut: "less than a message"
      case .compressed: "a compressed message"
      case .tooMany: "more than one message"
      }
    throw response.violation("\(endpoint.authority) answered with \(what)")
  }

  /// The header's text: at most eight digits and a unit, here milliseconds. From a second on in steps of a tenth, rounded up:
  /// the headers of one call are then mostly those of the next.
  static func timeout(until deadline: UInt64?) -> String? {
    guard let deadline else { return nil }
    let now = monotonicNanoseconds()
    let left = deadline > now ? (deadline - now) / 1_000_000 : 0
    if left < 1000 { return "\(max(left, 1))m" }
    return "\(min((left + 99) / 100 * 100, 99_999_999))m"
  }
}
