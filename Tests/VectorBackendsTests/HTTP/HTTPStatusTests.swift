import Glibc
import Resilience
import Support
import Testing

@testable import VectorBackends
@testable import VectorModel

/// What an answer says beside its body.
@Suite struct HTTPStatusTests {
  private func response(_ status: Int, _ headers: String = "", _ body: String = "") -> HTTPResponse {
    let lines = ColumnBuffer<UInt8>()
    let bytes = ColumnBuffer<UInt8>()
    var (headers, body) = (headers, body)
    _ = headers.withUTF8 { lines.append(contentsOf: $0) }
    _ = body.withUTF8 { bytes.append(contentsOf: $0) }
    return HTTPResponse(status: status, headers: HTTPHeaders(lines: lines), trailers: HTTPHeaders(), body: bytes)
  }

  @Test func eachStatusSaysWhetherToTryAgain() {
    for status in [408, 500, 502, 503, 504] { #expect(HTTPResponse.kind(status) == .unavailable) }
    #expect(HTTPResponse.kind(429) == .throttled)
    #expect(HTTPResponse.kind(425) == .conflicted)
    for status in [302, 400, 401, 404, 409, 413, 501, 507] { #expect(HTTPResponse.kind(status) == .refused) }
  }

  @Test func retryAfterIsSecondsOrADate() throws {
    try loadCurl()
    #expect(response(429, "Retry-After: 7\r\n").retryAfter == 7_000_000_000)
    #expect(response(429, "retry-after: Fri, 31 Dec 1999 23:59:59 GMT\r\n").retryAfter == 0)
    #expect(response(429, "Retry-After: soon\r\n").retryAfter == nil)
    #expect(response(429, "Retry-After: 99999999999999999999\r\n").retryAfter == nil)
    #expect(response(429).retryAfter == nil)
    var future = tm()
    var when = time(nil) + 100
    gmtime_r(&when, &future)
    var text = [CChar](repeating: 0, count: 64)
    strftime(&text, text.count, "%a, %d %b %Y %H:%M:%S GMT", &future)
    let date = text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    let wait = try #require(response(503, "Retry-After: \(date)\r\n").retryAfter)
    #expect((98_000_000_000...101_000_000_000).contains(wait))
  }

  @Test func aFailureCarriesWhatTheServerSaid() throws {
    let failed = response(503, "X-Request-Id: abc\r\nRetry-After: 1\r\n").failure(VectorError(.unavailable, "busy"))
    #expect(failed.kind == .unavailable)
    #expect(failed.mayHaveApplied)
    #expect(failed.retryAfter == 1_000_000_000)
    #expect(failed.error.details?.httpStatus == 503)
    #expect(failed.error.details?.requestID == "abc")
    #expect(!response(429).failure(VectorError(.throttled, "")).mayHaveApplied)
  }

  @Test func aBodyThatIsNoJSONIsAViolationThatShowsLittleOfIt() throws {
    let page = "<html>" + String(repeating: "x", count: 5000)
    let failed = failure { () throws(AttemptFailure) in
      _ = try response(200, "Content-Type: text/html\r\n", page).json("the answer")
    }
    #expect(failed?.kind == .refused)
    let error = try #require(failed?.error)
    #expect(error.status == .protocolViolation)
    #expect(error.message.contains("200") && error.message.contains("text/html") && error.message.contains("<html>"))
    #expect(error.message.utf8.count < 500)
    #expect(try response(200, "", "{\"a\":[1]}").json("the answer").root.count == 1)
  }
}
