import CLibraries
import Glibc
import Support

/// What libcurl tells of the transfer that goes on, and the sockets it holds: the other end of its callbacks.
///
/// One for each connection, made ready for each request. Called on the thread that drives the transfer and no other.
final class HTTPTransfer {
  /// Why a callback ended the transfer.
  enum Problem {
    case tooLarge
    case headersTooLarge
    case outOfMemory
  }

  private var headers = ColumnBuffer<UInt8>()
  private var trailers = ColumnBuffer<UInt8>()
  private(set) var body = ColumnBuffer<UInt8>()
  private(set) var problem: Problem?
  /// Whether the request began to be sent: whatever fails from here on may have been applied.
  fileprivate(set) var hasStarted = false
  /// Whether a first byte of an answer came.
  private(set) var hasAnswer = false
  /// Whether libcurl wanted another connection although the request had been sent on the one it had.
  fileprivate(set) var wasDropped = false
  /// Sockets that are open: closed by hand in a forked child, where nothing else may be touched.
  private(set) var sockets: [Int32] = []

  let signals: HTTPSignals
  private let maxBodyBytes: Int
  /// Whether the empty line after the headers came: libcurl takes an answer that was cut before it for one without a body.
  private(set) var areHeadersDone = false
  /// Set while libcurl cannot tell when a request starts: then each counts as started.
  var cannotTellStart = false
  /// Whether the request may only go over the connection there is.
  var mustReuse = false
  /// The body that goes out while it is made; nil for one that lies in memory.
  fileprivate var upload: HTTPRowBody?

  /// Far more than any server has reason to send.
  private static let maxHeaderBytes = 128 << 10
  /// Memory of an answer that is kept for the next one, in bytes.
  private static let mostKept = 64 << 10

  init(maxBodyBytes: Int, signals: HTTPSignals) {
    self.maxBodyBytes = maxBodyBytes
    self.signals = signals
  }

  /// Before a request is sent, with its body where libcurl has to ask for it.
  func begin(upload: HTTPRowBody?) {
    self.upload = upload
    upload?.rewind()
    empty()
    problem = nil
    hasStarted = cannotTellStart
    hasAnswer = false
    wasDropped = false
    areHeadersDone = false
  }

  /// Lets go of the body, when it has been sent or never will be.
  func end() { upload = nil }

  /// Hands out what arrived. Only the memory of a small answer is kept, for the next one.
  func finish(status: Int) -> HTTPResponse {
    let response = HTTPResponse(
      status: status, headers: HTTPHeaders(lines: headers), trailers: HTTPHeaders(lines: trailers), body: body)
    if headers.bytes + trailers.bytes + body.bytes > Self.mostKept {
      (headers, trailers, body) = (ColumnBuffer(), ColumnBuffer(), ColumnBuffer())
    }
    return response
  }

  /// Forgets what arrived, in buffers of its own still where somebody has kept an answer.
  private func empty() {
    if isKnownUniquelyReferenced(&headers) { headers.truncate(to: 0) } else { headers = ColumnBuffer() }
    if isKnownUniquelyReferenced(&trailers) { trailers.truncate(to: 0) } else { trailers = ColumnBuffer() }
    if isKnownUniquelyReferenced(&body) { body.truncate(to: 0) } else { body = ColumnBuffer() }
  }

  /// In a forked child: closes the descriptors without a word to the peer.
  func abandonSockets() {
    for socket in sockets { Glibc.close(socket) }
    sockets = []
  }

  /// Has libcurl tell this object. It must outlive the handle. CURLE_OK, or what the library cannot do.
  func attach(to easy: UnsafeMutableRawPointer) -> CURLcode {
    let context = Unmanaged.passUnretained(self).toOpaque()
    for code in [
      vdb_curl_easy_set_body(easy, takeBody, context),
      vdb_curl_easy_set_header(easy, takeHeader, context),
      vdb_curl_easy_set_upload(easy, giveBody, rewindBody, context),
      vdb_curl_easy_set_sockets(easy, openSocket, closeSocket, context),
      vdb_curl_easy_set_before_lookup(easy, lookupStarts, context),
    ] where code != CURLE_OK {
      return code
    }
    cannotTellStart = vdb_curl_easy_set_before_request(easy, requestStarts, context) != CURLE_OK
    return CURLE_OK
  }

  fileprivate func take(body bytes: UnsafeRawBufferPointer) -> Bool {
    if bytes.count > maxBodyBytes - body.count {
      problem = .tooLarge
    } else if !body.append(bytes: bytes) {
      problem = .outOfMemory
    }
    return problem == nil
  }

  fileprivate func take(header line: UnsafeRawBufferPointer) -> Bool {
    hasAnswer = true
    if line.first == 0x48, line.starts(with: "HTTP/".utf8) {
      // The headers of an interim answer are not those of the answer.
      headers.truncate(to: 0)
      trailers.truncate(to: 0)
      areHeadersDone = false
      return true
    }
    if line.first == 0x0D || line.first == 0x0A {
      areHeadersDone = true
      return true
    }
    let target = areHeadersDone ? trailers : headers
    if line.count > Self.maxHeaderBytes - target.count {
      problem = .headersTooLarge
    } else if !target.append(bytes: line) {
      problem = .outOfMemory
    }
    return problem == nil
  }

  fileprivate func opened(_ socket: Int32) { sockets.append(socket) }

  fileprivate func closed(_ socket: Int32) { sockets.removeAll { $0 == socket } }
}

// What libcurl calls. It was given the transfer, which outlives its handle.

private func transfer(_ context: UnsafeMutableRawPointer?) -> HTTPTransfer? {
  context.map { Unmanaged<HTTPTransfer>.fromOpaque($0).takeUnretainedValue() }
}

private func takeBody(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
  // `size` is always 1.
  let bytes = UnsafeRawBufferPointer(start: bytes, count: count)
  return transfer(context)?.take(body: bytes) == true ? count : -1
}

private func takeHeader(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
  let line = UnsafeRawBufferPointer(start: bytes, count: count)
  return transfer(context)?.take(header: line) == true ? count : -1
}

private func giveBody(
  _ room: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
  transfer(context)?.upload?.read(into: UnsafeMutableRawBufferPointer(start: room, count: size * count)) ?? 0
}

/// libcurl begins anew where a server refused to look at the request, or on its way to be told that it may not send again.
private func rewindBody(_ context: UnsafeMutableRawPointer?, _ offset: curl_off_t, _ origin: Int32) -> Int32 {
  guard offset == 0, origin == SEEK_SET, let upload = transfer(context)?.upload else { return CURL_SEEKFUNC_FAIL }
  upload.rewind()
  return CURL_SEEKFUNC_OK
}

private func lookupStarts(
  _ resolver: UnsafeMutableRawPointer?, _ reserved: UnsafeMutableRawPointer?, _ context: UnsafeMutableRawPointer?
) -> Int32 {
  transfer(context)?.signals.begin()
  return 0
}

private func requestStarts(
  _ context: UnsafeMutableRawPointer?, _ peer: UnsafeMutablePointer<CChar>?, _ own: UnsafeMutablePointer<CChar>?,
  _ peerPort: Int32, _ ownPort: Int32
) -> Int32 {
  transfer(context)?.hasStarted = true
  return 0
}

/// libcurl would send a request again by itself when a kept connection dies. Whether a request may be repeated is not its to
/// decide: no second connection for one that has been sent.
private func openSocket(
  _ context: UnsafeMutableRawPointer?, _ purpose: curlsocktype, _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
  guard let transfer = transfer(context), let address else { return -1 }
  if transfer.mustReuse || (transfer.hasStarted && !transfer.cannotTellStart) {
    transfer.wasDropped = true
    return -1
  }
  let type = address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
  let socket = Glibc.socket(address.pointee.family, type, address.pointee.protocol)
  if socket >= 0 { transfer.opened(socket) }
  return socket
}

private func closeSocket(_ context: UnsafeMutableRawPointer?, _ socket: curl_socket_t) -> Int32 {
  transfer(context)?.closed(socket)
  return Glibc.close(socket)
}
