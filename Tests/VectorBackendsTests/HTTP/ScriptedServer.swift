import Glibc
import Support
import Testing

/// A server that plays a script: for each connection a list of steps, the last list for all further ones.
///
/// It reads whole requests and keeps them, so that a test sees what really went over the wire.
final class ScriptedServer: @unchecked Sendable {
  enum Step: Sendable {
    /// Reads a request up to the end of its body.
    case read
    /// Reads whatever comes at once.
    case receive
    /// Writes text as it is.
    case write(String)
    case writeBytes([UInt8])
    /// Waits, in milliseconds.
    case pause(UInt32)
    /// Ends the connection with a reset instead of an orderly close.
    case reset
  }

  let port: Int
  private let listener: Int32
  private let scripts: [[Step]]
  private let lock = Lock(.leaf)
  private var isStopped = false
  private var received: [String] = []
  private var accepted = 0

  init(_ scripts: [Step]...) throws {
    self.scripts = scripts
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    self.listener = listener
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, size) == 0 && listen(listener, 16) == 0 && getsockname(listener, address, &size) == 0
      }
    }
    try #require(bound)
    port = Int(UInt16(bigEndian: address.sin_port))
    onThread { self.serve() }
  }

  /// Requests as they came, headers and body.
  var requests: [String] { lock.withLock { received } }
  var connectionCount: Int { lock.withLock { accepted } }

  /// Ends the server; connections that play their script go on.
  func stop() {
    lock.withLock { isStopped = true }
    // Closed by the thread that accepts: until it has noticed, the number must not come to mean the listener of another test.
    shutdown(listener, Int32(SHUT_RDWR))
  }

  private func serve() {
    while true {
      let connection = accept(listener, nil, nil)
      if connection < 0 {
        Glibc.close(listener)
        return
      }
      let number = lock.withLock {
        accepted += 1
        return accepted - 1
      }
      let script = scripts[min(number, scripts.count - 1)]
      onThread { self.play(script, connection) }
    }
  }

  private func play(_ script: [Step], _ connection: Int32) {
    defer { Glibc.close(connection) }
    for step in script {
      switch step {
      case .read: if !read(connection) { return }
      case .receive: if !receive(connection) { return }
      case .write(let text): write(Array(text.utf8), connection)
      case .writeBytes(let bytes): write(bytes, connection)
      case .pause(let milliseconds): usleep(milliseconds * 1000)
      case .reset:
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(connection, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
      }
    }
  }

  private func write(_ bytes: [UInt8], _ connection: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count <= 0 { return }
      rest = rest.dropFirst(count)
    }
  }

  private func receive(_ connection: Int32) -> Bool {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = recv(connection, &buffer, buffer.count, 0)
    if count <= 0 { return false }
    lock.withLock { received.append(String(decoding: buffer[..<count], as: UTF8.self)) }
    return true
  }

  /// False when the client closed.
  private func read(_ connection: Int32) -> Bool {
    var request: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let text = String(decoding: request, as: UTF8.self)
      if let head = text.range(of: "\r\n\r\n") {
        let length =
          text[..<head.lowerBound].split(separator: "\r\n")
          .first { $0.lowercased().hasPrefix("content-length:") }
          .flatMap { Int($0.split(separator: ":")[1].filter { $0 != " " }) } ?? 0
        if text.utf8.distance(from: head.upperBound, to: text.endIndex) >= length {
          lock.withLock { received.append(text) }
          return true
        }
      }
      let count = recv(connection, &buffer, buffer.count, 0)
      if count <= 0 { return false }
      request += buffer[..<count]
    }
  }
}

extension String {
  /// The first place of a text, without Foundation.
  fileprivate func range(of text: String) -> Range<String.Index>? {
    let (all, part) = (Array(utf8), Array(text.utf8))
    guard all.count >= part.count else { return nil }
    for start in 0...(all.count - part.count) where all[start..<(start + part.count)].elementsEqual(part) {
      let from = utf8.index(startIndex, offsetBy: start)
      return from..<utf8.index(from, offsetBy: part.count)
    }
    return nil
  }
}

/// Runs work on a thread of its own.
func onThread(_ body: @escaping @Sendable () -> Void) {
  final class Work {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  var thread = pthread_t()
  let context = Unmanaged.passRetained(Work(body)).toOpaque()
  let refused = pthread_create(
    &thread, nil,
    { context in
      if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body() }
      return nil
    }, context)
  if refused == 0 { pthread_detach(thread) }
}
