import CSupport
import Glibc
import Resilience
import Support
import VectorModel

/// A socket to a server, without TLS.
final class RedisSocket: RedisStream {
  let descriptor: Int32
  private var isOpen = true

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close() }

  /// Connects within the context, to the first address of the host that answers. Errors: `unreachable`, `timedOut`, `cancelled`.
  static func connect(
    to server: RedisServer, wakeup: CancelWakeup, _ context: CallContext
  ) throws(AttemptFailure) -> RedisSocket {
    switch server.place {
    case .local(let path):
      return try finish(path.withCString { vdb_stream_connect_local($0) }, server, wakeup, context)
    case .tcp(let host, let port):
      let addresses: [String]
      do throws(NameResolver.Failure) {
        addresses = try NameResolver.shared.addresses(of: host, context)
      } catch {
        switch error {
        case .unknownHost(let reason): throw RedisFailure.unreachable(server, "host not found: \(reason)")
        case .interrupted(let why): throw RedisFailure.interrupted(why, server, mayHaveApplied: false)
        }
      }
      var last: AttemptFailure?
      for address in addresses {
        do throws(AttemptFailure) {
          let port = UInt16(truncatingIfNeeded: port)
          return try finish(address.withCString { vdb_stream_connect($0, port) }, server, wakeup, context)
        } catch {
          guard error.kind == .unreachable else { throw error }
          last = error
        }
      }
      throw last ?? RedisFailure.unreachable(server, "host has no address")
    }
  }

  /// Waits until a socket that was told to connect did.
  private static func finish(
    _ started: Int32, _ server: RedisServer, _ wakeup: CancelWakeup, _ context: CallContext
  ) throws(AttemptFailure) -> RedisSocket {
    guard started >= 0 else { throw RedisFailure.unreachable(server, text(of: -started)) }
    let socket = RedisSocket(started)
    try wakeup.watching(context) { () throws(AttemptFailure) in
      while true {
        if let why = context.interruption() { throw RedisFailure.interrupted(why, server, mayHaveApplied: false) }
        let ready = vdb_wait_socket(started, VDB_WRITABLE, wakeup.descriptor, context.deadline ?? .max)
        if ready & VDB_WRITABLE != 0 { return }
      }
    }
    let error = vdb_stream_connected(started)
    guard error == 0 else { throw RedisFailure.unreachable(server, text(of: error)) }
    return socket
  }

  func send(_ bytes: UnsafeRawBufferPointer) throws(RedisStreamFailure) -> Int {
    guard let base = bytes.baseAddress, bytes.count > 0 else { return 0 }
    let sent = vdb_stream_send(descriptor, base, bytes.count)
    if sent >= 0 { return Int(sent) }
    if sent == Int64(-EAGAIN) { return 0 }
    throw RedisStreamFailure.broken(Self.text(of: Int32(truncatingIfNeeded: -sent)))
  }

  func receive(_ buffer: UnsafeMutableRawBufferPointer) throws(RedisStreamFailure) -> Int {
    guard let base = buffer.baseAddress, buffer.count > 0 else { return 0 }
    let received = vdb_stream_receive(descriptor, base, buffer.count)
    if received > 0 { return Int(received) }
    if received == 0 { throw .closedByServer }
    if received == Int64(-EAGAIN) { return 0 }
    throw RedisStreamFailure.broken(Self.text(of: Int32(truncatingIfNeeded: -received)))
  }

  func close() {
    if isOpen { vdb_stream_close(descriptor) }
    isOpen = false
  }

  func abandon() { close() }

  private static func text(of error: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(VDB_ERROR_TEXT)) { buffer in
      guard let base = buffer.baseAddress else { return "error \(error)" }
      return String(cString: vdb_error_text(error, base))
    }
  }
}
