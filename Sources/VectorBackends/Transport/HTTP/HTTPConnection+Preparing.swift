import CLibraries
import Glibc
import Support

/// What libcurl is told before a request.
extension HTTPConnection {
  /// libcurl's mask of the two protocols, whose constants are macros with casts.
  private static let httpAndHTTPS = 3

  /// Whether libcurl would find a proxy in the environment. Where not, it need not look there before each request.
  static var environmentNamesProxy: Bool {
    let names: [String] = ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
    return names.contains { getenv($0) != nil }
  }

  /// What is the same for all requests.
  func configure() -> CURLcode {
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
      // For the proxy. Servers are told by a header of the request.
      (CURLOPT_USERAGENT, isDirect ? nil : endpoint.userAgent), (CURLOPT_CAINFO, isTLS ? endpoint.caFile : nil),
      (CURLOPT_PROXY, endpoint.proxy ?? (isDirect ? "" : nil)),
      // Exceptions of the environment are those of its own proxy.
      (CURLOPT_NOPROXY, endpoint.proxy == nil ? nil : ""),
      // What it unpacks; the header that offers it is one of the request too.
      (CURLOPT_ACCEPT_ENCODING, endpoint.acceptsCompressed ? "gzip" : nil),
    ]
    for case (let option, let value?) in texts {
      let code = vdb_curl_easy_set_text(easy, option, value)
      if code != CURLE_OK { return code }
    }
    let code = vdb_curl_easy_set_pointer(easy, CURLOPT_ERRORBUFFER, words)
    return code == CURLE_OK ? transfer.attach(to: easy) : code
  }

  /// A longer body goes out behind its headers, piece by piece; a shorter one with them.
  private static let longestShortBody = 32 << 10

  /// What is different for each: false when out of memory.
  func prepare(_ request: HTTPRequest, hasSameHeaders: Bool) -> Bool {
    transfer.mustReuse = false
    if endpoint.version == .http2, endpoint.scheme == .http {
      // libcurl 7.88 fails when it is to begin HTTP/2 by prior knowledge on a connection that speaks it already, and would ask
      // for an upgrade on a new one otherwise.
      transfer.mustReuse = !transfer.sockets.isEmpty
      let version = transfer.mustReuse ? CURL_HTTP_VERSION_2_0 : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
      guard vdb_curl_easy_set_long(easy, CURLOPT_HTTP_VERSION, version) == CURLE_OK else { return false }
    }
    let isUsual = request.method == .post || (request.method == .get && request.body.count == 0)
    return prepare(path: request.path) && (hasSameHeaders || prepare(headers: request.headers))
      && prepare(body: request.body, request.method)
      // Behind the body, which says what the usual method is.
      && vdb_curl_easy_set_text(easy, CURLOPT_CUSTOMREQUEST, isUsual ? nil : request.method.rawValue) == CURLE_OK
  }

  private func prepare(path: String) -> Bool {
    if let present = self.path, present.hasBytes(of: path) { return true }
    self.path = nil
    let target = endpoint.basePath + path
    guard prepare(target: target) || prepare(url: endpoint.origin + target) else { return false }
    self.path = path
    return true
  }

  /// Has libcurl send a target as it is, beside an origin that was taken apart before: it would take a URL apart for each
  /// request, put it together again and encode its path, byte by byte. False where it has to: on the way to a proxy, which
  /// may be told the whole URL, and for what cannot stand in a request as it is.
  private func prepare(target: String) -> Bool {
    guard isDirect, target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x23 }) else { return false }
    if origin == nil { origin = vdb_curl_url_new(endpoint.origin) }
    guard let origin else { return false }
    return vdb_curl_easy_set_pointer(easy, CURLOPT_CURLU, UnsafeRawPointer(origin)) == CURLE_OK
      && vdb_curl_easy_set_text(easy, CURLOPT_REQUEST_TARGET, target) == CURLE_OK
  }

  private func prepare(url: String) -> Bool {
    vdb_curl_easy_set_pointer(easy, CURLOPT_CURLU, nil) == CURLE_OK
      && vdb_curl_easy_set_text(easy, CURLOPT_REQUEST_TARGET, nil) == CURLE_OK
      && vdb_curl_easy_set_text(easy, CURLOPT_URL, url) == CURLE_OK
  }

  private func prepare(headers: [(name: String, value: String)]) -> Bool {
    guard let list = HTTPHeaderList(headers, for: endpoint),
      vdb_curl_easy_set_pointer(easy, CURLOPT_HTTPHEADER, list.lines) == CURLE_OK
    else { return false }
    // The one before is free to go only now.
    self.headers = list
    return true
  }

  private func prepare(body: HTTPBody, _ method: HTTPMethod) -> Bool {
    switch (body, method) {
    case (.rows(let rows), _) where rows.count > Self.longestShortBody:
      transfer.begin(upload: rows)
      return prepare(bytes: nil, count: rows.count)
    case (.rows(let rows), _):
      transfer.begin(upload: nil)
      shortBody.truncate(to: 0)
      guard let room = shortBody.extend(by: rows.count) else { return false }
      rows.rewind()
      _ = rows.read(into: UnsafeMutableRawBufferPointer(start: room, count: rows.count))
      return prepare(bytes: UnsafeRawPointer(room), count: rows.count)
    case (.bytes(let bytes), _):
      transfer.begin(upload: nil)
      return prepare(bytes: bytes.baseAddress ?? Self.nothing, count: bytes.count)
    case (.none, .post), (.none, .put), (.none, .patch):
      transfer.begin(upload: nil)
      return prepare(bytes: Self.nothing, count: 0)
    case (.none, _):
      transfer.begin(upload: nil)
      return vdb_curl_easy_set_long(easy, CURLOPT_HTTPGET, 1) == CURLE_OK
    }
  }

  /// A body without a byte, which libcurl would ask for without a pointer.
  private static var nothing: UnsafeRawPointer {
    let empty: StaticString = ""
    return UnsafeRawPointer(empty.utf8Start)
  }

  /// A body that lies in memory; nil = libcurl asks for it.
  private func prepare(bytes: UnsafeRawPointer?, count: Int) -> Bool {
    vdb_curl_easy_set_long(easy, CURLOPT_POST, 1) == CURLE_OK
      && vdb_curl_easy_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(count)) == CURLE_OK
      && vdb_curl_easy_set_pointer(easy, CURLOPT_POSTFIELDS, bytes) == CURLE_OK
  }
}
