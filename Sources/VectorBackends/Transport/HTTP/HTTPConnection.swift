import CLibraries
import CSupport
import Resilience
import Support
import VectorModel

/// One kept connection to a server: sends one request at a time, and opens itself at the first, or when the server closed it.
///
/// One thread at a time. Every wait ends with the call's deadline or cancel.
package final class HTTPConnection {
  let endpoint: HTTPEndpoint
  let easy: UnsafeMutableRawPointer
  let multi: UnsafeMutableRawPointer
  let transfer: HTTPTransfer
  private let wakeup: CancelWakeup
  /// Where libcurl says in words what went wrong.
  let words: UnsafeMutablePointer<CChar>
  private var isClosed = false
  /// Whether no proxy is in between.
  let isDirect: Bool
  /// Scheme, host and port as libcurl takes them apart; nil before the first request, and where they are none.
  var origin: OpaquePointer?
  /// What the handle was told for the last request, for the next to be told the difference.
  var path: String?
  var headers: HTTPHeaderList?
  /// A body that was made to be sent at one go with its headers.
  let shortBody = ColumnBuffer<UInt8>()

  /// Does not connect yet. libcurl is loaded. Errors: `unreachable` when the process has no memory or descriptors left.
  init(_ endpoint: HTTPEndpoint) throws(AttemptFailure) {
    let exhausted = AttemptFailure(
      .unreachable, mayHaveApplied: false,
      cause: VectorError(.unavailable, "no memory or descriptors for a connection to \(endpoint.authority)"))
    guard let wakeup = CancelWakeup() else { throw exhausted }
    let isDirect = endpoint.proxy?.isEmpty ?? !Self.environmentNamesProxy
    let signals = HTTPSignals(alwaysHeld: endpoint.scheme == .https || !isDirect)
    let handles = signals.held { () -> (easy: UnsafeMutableRawPointer, multi: UnsafeMutableRawPointer)? in
      guard let easy = vdb_curl_easy_init() else { return nil }
      guard let multi = vdb_curl_multi_init() else {
        vdb_curl_easy_cleanup(easy)
        return nil
      }
      return (easy, multi)
    }
    guard let handles else { throw exhausted }
    self.endpoint = endpoint
    (easy, multi) = handles
    self.wakeup = wakeup
    self.isDirect = isDirect
    transfer = HTTPTransfer(maxBodyBytes: endpoint.maxResponseBytes, signals: signals)
    words = .allocate(capacity: Int(CURL_ERROR_SIZE))
    words.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    let code = signals.held { configure() }
    guard code == CURLE_OK else {
      throw AttemptFailure(
        .refused, mayHaveApplied: false,
        cause: VectorError(.unsupported, "libcurl refuses a setting: \(Self.text(of: code))"))
    }
  }

  deinit {
    close()
    words.deallocate()
  }

  /// Ends the connection. Waits for nobody.
  func close() {
    if isClosed { return }
    isClosed = true
    transfer.signals.held {
      vdb_curl_easy_cleanup(easy)
      _ = vdb_curl_multi_cleanup(multi)
    }
    if let origin { vdb_curl_url_free(origin) }
    origin = nil
    headers = nil
  }

  /// In a forked child: closes the sockets and leaves libcurl's own memory alone, which may speak to the peer when it is freed.
  func abandon() {
    isClosed = true
    transfer.abandonSockets()
  }

  /// Whether the connection still stands, as far as one can see without waiting.
  var isAlive: Bool { transfer.sockets.allSatisfy { vdb_socket_is_open($0) != 0 } }

  /// Whether the connection ended with the last answer. libcurl takes the end of an HTTP/2 connection for the end of an answer that it
  /// cuts: who knows how answers end, by a trailer for example, has to look.
  var isGone: Bool { transfer.sockets.isEmpty || !isAlive }

  /// Sends a request and reads its answer, of any status.
  ///
  /// Fails only where there is no whole answer: `unreachable`, `staleConnection`, `broken`, `timedOut` when the context's
  /// deadline passed, `cancelled`; `refused` for an answer beyond the limits and for a request that cannot be written.
  package func send(_ request: HTTPRequest, context: CallContext) throws(AttemptFailure) -> HTTPResponse {
    let hasSameHeaders = headers?.holds(request.headers) ?? false
    if !hasSameHeaders, let problem = HTTPHeaderList.problem(with: request.headers) {
      throw refused(.invalidArgument, problem, hasStarted: false)
    }
    words[0] = 0
    let wasOpen = !transfer.sockets.isEmpty
    defer { transfer.end() }
    guard prepare(request, hasSameHeaders: hasSameHeaders) else {
      throw refused(.outOfMemory, "not enough memory for a request", hasStarted: false)
    }
    let code: CURLcode
    do throws(Interrupted) {
      code = try wakeup.watching(context) { () throws(Interrupted) in try drive(context) }
    } catch {
      throw interrupted(error.why)
    }
    let tally = context.tally
    tally?.add(.bytesSent, UInt64(request.body.count))
    tally?.add(.bytesReceived, UInt64(transfer.body.count))
    guard code == CURLE_OK else { throw failure(code, wasOpen: wasOpen) }
    guard transfer.areHeadersDone else {
      throw AttemptFailure(
        .broken, mayHaveApplied: true,
        cause: VectorError(
          .unavailable, "the connection broke to \(endpoint.authority) within the headers of its answer"))
    }
    var status = 0
    _ = vdb_curl_easy_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
    return transfer.finish(status: status)
  }

  private struct Interrupted: Error {
    let why: CallContext.Interruption
  }

  /// Runs the transfer that was prepared to its end.
  private func drive(_ context: CallContext) throws(Interrupted) -> CURLcode {
    var isAdded = false
    while true {
      if let why = context.interruption() {
        if isAdded { transfer.signals.around { _ = vdb_curl_multi_remove_handle(multi, easy) } }
        throw Interrupted(why: why)
      }
      let ended = transfer.signals.around { () -> CURLcode? in
        if !isAdded, vdb_curl_multi_add_handle(multi, easy) != CURLM_OK { return CURLE_FAILED_INIT }
        isAdded = true
        var running: Int32 = 0
        var code = CURLE_FAILED_INIT
        if vdb_curl_multi_perform(multi, &running) == CURLM_OK {
          if running > 0 { return nil }
          if vdb_curl_multi_ended(multi, &code) != 1 { code = CURLE_FAILED_INIT }
        }
        _ = vdb_curl_multi_remove_handle(multi, easy)
        return code
      }
      if let ended { return ended }
      _ = vdb_curl_multi_poll(multi, wakeup.descriptor, Self.milliseconds(until: context.deadline))
    }
  }

  /// At least one, so that a deadline that is nearly there is not waited for in a circle.
  private static func milliseconds(until deadline: UInt64?) -> Int32 {
    guard let deadline else { return 60_000 }
    let now = monotonicNanoseconds()
    guard deadline > now else { return 1 }
    return Int32(clamping: min((deadline - now) / 1_000_000 + 1, 60_000))
  }

  // MARK: - Failures

  private func interrupted(_ why: CallContext.Interruption) -> AttemptFailure {
    switch why {
    case .cancelled:
      AttemptFailure(.cancelled, mayHaveApplied: transfer.hasStarted, cause: VectorError(why))
    case .deadlineExceeded:
      AttemptFailure(
        .timedOut, mayHaveApplied: transfer.hasStarted,
        cause: VectorError(.timeout, "no answer from \(endpoint.authority) in time"))
    }
  }

  private func refused(_ status: Status, _ message: String, hasStarted: Bool) -> AttemptFailure {
    AttemptFailure(.refused, mayHaveApplied: hasStarted, cause: VectorError(status, message))
  }

  private func failure(_ code: CURLcode, wasOpen: Bool) -> AttemptFailure {
    switch transfer.problem {
    case .tooLarge:
      return refused(
        .tooLarge, "the answer of \(endpoint.authority) is larger than \(endpoint.maxResponseBytes) bytes",
        hasStarted: true)
    case .headersTooLarge:
      return refused(.protocolViolation, "the answer of \(endpoint.authority) has too many headers", hasStarted: true)
    case .outOfMemory:
      return AttemptFailure(.refused, mayHaveApplied: true, cause: VectorError.resultOutOfMemory)
    case nil: break
    }
    if code == CURLE_URL_MALFORMAT {
      return refused(.invalidArgument, "\"\(endpoint.authority)\" is no host and port", hasStarted: false)
    }
    if code == CURLE_OUT_OF_MEMORY {
      return refused(.outOfMemory, "not enough memory for a request", hasStarted: transfer.hasStarted)
    }
    let kind: AttemptFailure.Kind =
      if transfer.wasDropped || (wasOpen && transfer.hasStarted && !transfer.hasAnswer) {
        .staleConnection
      } else if transfer.hasStarted && !Self.connects(code) {
        .broken
      } else {
        .unreachable
      }
    let what = kind == .unreachable ? "cannot connect to" : "the connection broke to"
    return AttemptFailure(
      kind, mayHaveApplied: transfer.hasStarted,
      cause: VectorError(.unavailable, "\(what) \(endpoint.authority): \(reason(code))"))
  }

  /// Whether the code says that no connection came about: only asked where libcurl cannot tell when a request starts.
  private static func connects(_ code: CURLcode) -> Bool {
    switch code {
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_SSL_CONNECT_ERROR,
      CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_PROXY:
      true
    default: false
    }
  }

  /// libcurl's words for what happened, which name hosts, ports and certificates.
  private func reason(_ code: CURLcode) -> String {
    if transfer.wasDropped { return "it was closed before an answer came" }
    let said = String(cString: words)
    return said.isEmpty ? Self.text(of: code) : said
  }

  private static func text(of code: CURLcode) -> String { String(cString: vdb_curl_easy_strerror(code)) }
}
