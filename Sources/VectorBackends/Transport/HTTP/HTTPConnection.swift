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
  private let easy: UnsafeMutableRawPointer
  private let multi: UnsafeMutableRawPointer
  private let transfer: HTTPTransfer
  private let wakeup: CancelWakeup
  /// Where libcurl says in words what went wrong.
  private let words: UnsafeMutablePointer<CChar>
  private var isClosed = false

  /// Does not connect yet. libcurl is loaded. Errors: `unreachable` when the process has no memory or descriptors left.
  init(_ endpoint: HTTPEndpoint) throws(AttemptFailure) {
    let exhausted = AttemptFailure(
      .unreachable, mayHaveApplied: false,
      cause: VectorError(.unavailable, "no memory or descriptors for a connection to \(endpoint.authority)"))
    guard let wakeup = CancelWakeup() else { throw exhausted }
    var hold = vdb_signal_hold()
    vdb_signals_hold(&hold)
    defer { vdb_signals_release(&hold) }
    guard let easy = vdb_curl_easy_init() else { throw exhausted }
    guard let multi = vdb_curl_multi_init() else {
      vdb_curl_easy_cleanup(easy)
      throw exhausted
    }
    self.endpoint = endpoint
    self.easy = easy
    self.multi = multi
    self.wakeup = wakeup
    transfer = HTTPTransfer(maxBodyBytes: endpoint.maxResponseBytes)
    words = .allocate(capacity: Int(CURL_ERROR_SIZE))
    words.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    let code = configure()
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
    held {
      vdb_curl_easy_cleanup(easy)
      _ = vdb_curl_multi_cleanup(multi)
    }
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
    let headers = try headerList(request)
    defer { vdb_curl_slist_free_all(headers) }
    transfer.begin()
    words[0] = 0
    let wasOpen = !transfer.sockets.isEmpty
    guard prepare(request, headers) else {
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
    guard held({ vdb_curl_multi_add_handle(multi, easy) }) == CURLM_OK else { return CURLE_FAILED_INIT }
    defer { held { _ = vdb_curl_multi_remove_handle(multi, easy) } }
    while true {
      if let why = context.interruption() { throw Interrupted(why: why) }
      var running: Int32 = 0
      guard held({ vdb_curl_multi_perform(multi, &running) }) == CURLM_OK else { return CURLE_FAILED_INIT }
      if running == 0 {
        var code = CURLE_FAILED_INIT
        return vdb_curl_multi_ended(multi, &code) == 1 ? code : CURLE_FAILED_INIT
      }
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

  /// Keeps signals away from a piece of libcurl, which may write to a broken connection and start a thread.
  @discardableResult
  private func held<Result>(_ body: () -> Result) -> Result {
    var hold = vdb_signal_hold()
    vdb_signals_hold(&hold)
    defer { vdb_signals_release(&hold) }
    return body()
  }

  // MARK: - Before a request

  /// libcurl's mask of the two protocols, whose constants are macros with casts.
  private static let httpAndHTTPS = 3

  /// What is the same for all requests.
  private func configure() -> CURLcode {
    let isTLS = endpoint.scheme == .https
    let version =
      switch (endpoint.version, isTLS) {
      case (.negotiated, _): CURL_HTTP_VERSION_2TLS
      case (.http2, true): CURL_HTTP_VERSION_2_0
      case (.http2, false): CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
      }
    let numbers: [(CURLoption, Int)] = [
      (CURLOPT_NOSIGNAL, 1), (CURLOPT_FOLLOWLOCATION, 0), (CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue)),
      (CURLOPT_PROTOCOLS, Self.httpAndHTTPS), (CURLOPT_HTTP_VERSION, version), (CURLOPT_PATH_AS_IS, 1),
      (CURLOPT_TCP_NODELAY, 1), (CURLOPT_TCP_KEEPALIVE, 1), (CURLOPT_SUPPRESS_CONNECT_HEADERS, 1),
      (CURLOPT_CONNECTTIMEOUT_MS, Int(clamping: max(endpoint.connectTimeout / 1_000_000, 1))),
      (CURLOPT_SSL_VERIFYPEER, endpoint.verifiesTLS ? 1 : 0), (CURLOPT_SSL_VERIFYHOST, endpoint.verifiesTLS ? 2 : 0),
      (CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)), (CURLOPT_BUFFERSIZE, 128 << 10),
      (CURLOPT_UPLOAD_BUFFERSIZE, 256 << 10), (CURLOPT_HTTP_CONTENT_DECODING, 1),
    ]
    for (option, value) in numbers {
      let code = vdb_curl_easy_set_long(easy, option, value)
      if code != CURLE_OK { return code }
    }
    // How long a connection may lie idle is the pool's to say. Unknown to old versions, which then open a new one.
    _ = vdb_curl_easy_set_long(easy, CURLOPT_MAXAGE_CONN, 86_400)
    // A name look-up that hangs is left behind instead of waited for.
    _ = vdb_curl_easy_set_long(easy, CURLOPT_QUICK_EXIT, 1)
    _ = vdb_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 1)
    let texts: [(CURLoption, String?)] = [
      (CURLOPT_USERAGENT, endpoint.userAgent), (CURLOPT_CAINFO, isTLS ? endpoint.caFile : nil),
      (CURLOPT_PROXY, endpoint.proxy),
      // Exceptions of the environment are those of its own proxy.
      (CURLOPT_NOPROXY, endpoint.proxy == nil ? nil : ""),
      (CURLOPT_ACCEPT_ENCODING, endpoint.acceptsCompressed ? "gzip" : nil),
    ]
    for case (let option, let value?) in texts {
      let code = vdb_curl_easy_set_text(easy, option, value)
      if code != CURLE_OK { return code }
    }
    let code = vdb_curl_easy_set_pointer(easy, CURLOPT_ERRORBUFFER, words)
    return code == CURLE_OK ? transfer.attach(to: easy) : code
  }

  /// What is different for each: false when out of memory.
  private func prepare(_ request: HTTPRequest, _ headers: UnsafeMutablePointer<curl_slist>?) -> Bool {
    let url = endpoint.origin + endpoint.basePath + request.path
    guard vdb_curl_easy_set_text(easy, CURLOPT_URL, url) == CURLE_OK else { return false }
    switch (request.body, request.method) {
    case (.bytes(let bytes), _):
      _ = vdb_curl_easy_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count))
      // Without bytes libcurl would ask a callback for them.
      let empty: StaticString = ""
      _ = vdb_curl_easy_set_pointer(
        easy, CURLOPT_POSTFIELDS, bytes.baseAddress ?? UnsafeRawPointer(empty.utf8Start))
    case (.none, .post), (.none, .put), (.none, .patch):
      let empty: StaticString = ""
      _ = vdb_curl_easy_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, 0)
      _ = vdb_curl_easy_set_pointer(easy, CURLOPT_POSTFIELDS, UnsafeRawPointer(empty.utf8Start))
    case (.none, _):
      _ = vdb_curl_easy_set_long(easy, CURLOPT_HTTPGET, 1)
    }
    let isUsual = request.method == .post || (request.method == .get && request.body.count == 0)
    transfer.mustReuse = false
    if endpoint.version == .http2, endpoint.scheme == .http {
      // libcurl 7.88 fails when it is to begin HTTP/2 by prior knowledge on a connection that speaks it already, and would ask
      // for an upgrade on a new one otherwise.
      transfer.mustReuse = !transfer.sockets.isEmpty
      let version = transfer.mustReuse ? CURL_HTTP_VERSION_2_0 : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
      guard vdb_curl_easy_set_long(easy, CURLOPT_HTTP_VERSION, version) == CURLE_OK else { return false }
    }
    let named = vdb_curl_easy_set_text(easy, CURLOPT_CUSTOMREQUEST, isUsual ? nil : request.method.rawValue)
    return named == CURLE_OK && vdb_curl_easy_set_pointer(easy, CURLOPT_HTTPHEADER, headers) == CURLE_OK
  }

  private func headerList(_ request: HTTPRequest) throws(AttemptFailure) -> UnsafeMutablePointer<curl_slist>? {
    var list: UnsafeMutablePointer<curl_slist>?
    // libcurl would announce a long body and wait a second for a server that does not know that, and give a body without a
    // type the one of a form.
    var lines = ["Expect:"]
    var hasType = false
    for (name, value) in request.headers {
      if name.utf8.contains(where: { $0 <= 0x20 || $0 == 0x3A }) || value.utf8.contains(where: Self.endsLine) {
        vdb_curl_slist_free_all(list)
        throw refused(.invalidArgument, "the header \(name) has a line end or NUL in it", hasStarted: false)
      }
      if name.lowercased() == "content-type" { hasType = true }
      lines.append(value.isEmpty ? "\(name);" : "\(name): \(value)")
    }
    if !hasType { lines.append("Content-Type:") }
    for line in lines {
      guard let longer = vdb_curl_slist_append(list, line) else {
        vdb_curl_slist_free_all(list)
        throw refused(.outOfMemory, "not enough memory for a request", hasStarted: false)
      }
      list = longer
    }
    return list
  }

  private static func endsLine(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D || byte == 0 }

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
