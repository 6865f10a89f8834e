import CLibraries
import CSupport
import Resilience
import Support
import VectorModel

/// A connection through TLS: libcurl makes it and verifies the server, then only carries bytes.
final class RedisTLSStream: RedisStream {
  let descriptor: Int32
  private let easy: UnsafeMutableRawPointer
  private let multi: UnsafeMutableRawPointer
  private var isOpen = true

  private init(easy: UnsafeMutableRawPointer, multi: UnsafeMutableRawPointer, descriptor: Int32) {
    self.easy = easy
    self.multi = multi
    self.descriptor = descriptor
  }

  deinit { close() }

  /// Connects and shakes hands within the context. libcurl is loaded. Errors: `unreachable`, `refused` for a certificate that
  /// is not to be trusted, `timedOut`, `cancelled`.
  static func connect(
    to server: RedisServer, _ tls: RedisServer.TLS, wakeup: CancelWakeup, _ context: CallContext
  ) throws(AttemptFailure) -> RedisTLSStream {
    let (easy, multi) = held { (vdb_curl_easy_init(), vdb_curl_multi_init()) }
    guard let easy, let multi else {
      if let easy { held { vdb_curl_easy_cleanup(easy) } }
      if let multi { held { _ = vdb_curl_multi_cleanup(multi) } }
      throw RedisFailure.unreachable(server, "no memory for a connection")
    }
    let stream: RedisTLSStream
    do throws(AttemptFailure) {
      try configure(easy, server, tls)
      guard held({ vdb_curl_multi_add_handle(multi, easy) }) == CURLM_OK else {
        throw RedisFailure.unreachable(server, "no memory for a connection")
      }
      let code = try shakeHands(multi, server, wakeup, context)
      guard code == CURLE_OK else { throw failure(code, server) }
      var descriptor: Int32 = -1
      _ = vdb_curl_easy_get_socket(easy, &descriptor)
      guard descriptor >= 0 else { throw RedisFailure.unreachable(server, "libcurl gives no socket") }
      stream = RedisTLSStream(easy: easy, multi: multi, descriptor: descriptor)
    } catch {
      end(easy, multi)
      throw error
    }
    return stream
  }

  private static func configure(
    _ easy: UnsafeMutableRawPointer, _ server: RedisServer, _ tls: RedisServer.TLS
  ) throws(AttemptFailure) {
    guard case .tcp(let host, let port) = server.place else {
      throw RedisFailure.refused(VectorError(.invalidOption, "TLS needs a host, not a socket in the file system"))
    }
    let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
    let httpsAlone = 2
    let numbers: [(CURLoption, Int)] = [
      (CURLOPT_CONNECT_ONLY, 1), (CURLOPT_NOSIGNAL, 1), (CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue)),
      (CURLOPT_PROTOCOLS, httpsAlone), (CURLOPT_SSL_ENABLE_ALPN, 0),
      (CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)), (CURLOPT_TCP_NODELAY, 1), (CURLOPT_TCP_KEEPALIVE, 1),
      (CURLOPT_FRESH_CONNECT, 1), (CURLOPT_CONNECTTIMEOUT_MS, 86_400_000),
      (CURLOPT_SSL_VERIFYPEER, tls.verifies ? 1 : 0), (CURLOPT_SSL_VERIFYHOST, tls.verifies ? 2 : 0),
    ]
    var isSet = numbers.allSatisfy { vdb_curl_easy_set_long(easy, $0.0, $0.1) == CURLE_OK }
    // A name look-up that hangs is left behind instead of waited for. Unknown to old versions.
    _ = vdb_curl_easy_set_long(easy, CURLOPT_QUICK_EXIT, 1)
    isSet = isSet && vdb_curl_easy_set_text(easy, CURLOPT_URL, "https://\(name):\(port)") == CURLE_OK
    // A proxy would have to be one for any protocol: none is asked, whatever the environment says.
    isSet = isSet && vdb_curl_easy_set_text(easy, CURLOPT_PROXY, "") == CURLE_OK
    if let file = tls.caFile { isSet = isSet && vdb_curl_easy_set_text(easy, CURLOPT_CAINFO, file) == CURLE_OK }
    guard isSet else {
      throw RedisFailure.refused(VectorError(.unsupported, "this libcurl cannot make TLS connections for others"))
    }
  }

  private static func shakeHands(
    _ multi: UnsafeMutableRawPointer, _ server: RedisServer, _ wakeup: CancelWakeup, _ context: CallContext
  ) throws(AttemptFailure) -> CURLcode {
    try wakeup.watching(context) { () throws(AttemptFailure) in
      while true {
        if let why = context.interruption() { throw RedisFailure.interrupted(why, server, mayHaveApplied: false) }
        var running: Int32 = 0
        guard held({ vdb_curl_multi_perform(multi, &running) }) == CURLM_OK else { return CURLE_FAILED_INIT }
        var code = CURLE_OK
        if vdb_curl_multi_ended(multi, &code) == 1 { return code }
        if running == 0 { return CURLE_FAILED_INIT }
        let left = context.deadline.map { $0.since(monotonicNanoseconds()) / 1_000_000 } ?? 60_000
        _ = vdb_curl_multi_poll(multi, wakeup.descriptor, Int32(clamping: min(left + 1, 60_000)))
      }
    }
  }

  private static func failure(_ code: CURLcode, _ server: RedisServer) -> AttemptFailure {
    let reason = String(cString: vdb_curl_easy_strerror(code))
    switch code {
    case CURLE_PEER_FAILED_VERIFICATION:
      return RedisFailure.refused(
        VectorError(
          .unavailable, "the certificate of \(server.name) is not to be trusted (\(reason)): see option \"ca_file\""))
    case CURLE_SSL_CACERT_BADFILE:
      return RedisFailure.refused(VectorError(.invalidOption, "option \"ca_file\" names no file of certificates"))
    default: return RedisFailure.unreachable(server, reason)
    }
  }

  func send(_ bytes: UnsafeRawBufferPointer) throws(RedisStreamFailure) -> Int {
    guard let base = bytes.baseAddress, bytes.count > 0 else { return 0 }
    var sent = 0
    let code = Self.held { vdb_curl_easy_send(easy, base, bytes.count, &sent) }
    return try Self.moved(sent, code)
  }

  func receive(_ buffer: UnsafeMutableRawBufferPointer) throws(RedisStreamFailure) -> Int {
    guard let base = buffer.baseAddress, buffer.count > 0 else { return 0 }
    var received = 0
    let code = Self.held { vdb_curl_easy_recv(easy, base, buffer.count, &received) }
    if code == CURLE_OK, received == 0 { throw .closedByServer }
    return try Self.moved(received, code)
  }

  private static func moved(_ count: Int, _ code: CURLcode) throws(RedisStreamFailure) -> Int {
    if code == CURLE_OK { return count }
    if code == CURLE_AGAIN { return 0 }
    throw RedisStreamFailure.broken(String(cString: vdb_curl_easy_strerror(code)))
  }

  func close() {
    if isOpen { Self.end(easy, multi) }
    isOpen = false
  }

  /// The memory of libcurl is left alone: freeing it would say good-bye on the parent's session.
  func abandon() {
    if isOpen { vdb_stream_close(descriptor) }
    isOpen = false
  }

  private static func end(_ easy: UnsafeMutableRawPointer, _ multi: UnsafeMutableRawPointer) {
    held {
      _ = vdb_curl_multi_remove_handle(multi, easy)
      vdb_curl_easy_cleanup(easy)
      _ = vdb_curl_multi_cleanup(multi)
    }
  }

  /// Keeps signals away from a piece of libcurl, which may write to a broken connection and start a thread.
  @discardableResult
  private static func held<Result>(_ body: () -> Result) -> Result {
    var hold = vdb_signal_hold()
    vdb_signals_hold(&hold)
    defer { vdb_signals_release(&hold) }
    return body()
  }
}
