import CLibraries
import Resilience
import Support
import VectorModel

/// Opens connections to one server: address, TLS, login.
package final class RedisConnectionFactory: ConnectionFactory {
  package typealias Connection = RedisConnection

  private let server: RedisServer

  /// Where `server` has TLS, libcurl is loaded.
  package init(_ server: RedisServer) { self.server = server }

  /// Loads what TLS needs. Errors: `missingLibrary` naming the package.
  package static func loadTLS() throws(VectorError) {
    var reason = [CChar](repeating: 0, count: Int(VDB_LIBRARY_REASON))
    let result = reason.withUnsafeMutableBufferPointer { buffer in buffer.baseAddress.map { vdb_curl_load($0) } ?? -1 }
    guard result == 0 else {
      let text = String(decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      throw VectorError(.missingLibrary, "TLS for Redis: \(text)")
    }
  }

  package func open(_ context: CallContext) throws(AttemptFailure) -> RedisConnection {
    let reader = RedisReader(maxBytes: server.maxReplyBytes, maxValues: server.maxReplyValues)
    guard let reader, let wakeup = CancelWakeup() else {
      throw RedisFailure.unreachable(server, "no memory or descriptors for a connection")
    }
    let stream: any RedisStream
    if let tls = server.tls {
      stream = try RedisTLSStream.connect(to: server, tls, wakeup: wakeup, context)
    } else {
      stream = try RedisSocket.connect(to: server, wakeup: wakeup, context)
    }
    let connection = RedisConnection(stream, server, reader: reader, wakeup: wakeup)
    do throws(AttemptFailure) { try logIn(connection, context) } catch {
      connection.close()
      // Nothing of the request was sent yet.
      throw AttemptFailure(
        error.kind == .broken || error.kind == .staleConnection ? .unreachable : error.kind, mayHaveApplied: false,
        cause: error.cause)
    }
    return connection
  }

  private func logIn(_ connection: RedisConnection, _ context: CallContext) throws(AttemptFailure) {
    guard let password = server.password else { return }
    var login = RedisCommands()
    if let user = server.user {
      login.command("AUTH", ByteString(user), ByteString(password))
    } else {
      login.command("AUTH", ByteString(password))
    }
    var problem: String?
    try connection.exchange(login, context) { problem = $0.error }
    if let problem { throw RedisFailure.answered(problem) }
  }

  package func check(_ connection: RedisConnection) -> Bool { connection.isUsable }

  package func close(_ connection: RedisConnection) { connection.close() }

  package func abandon(_ connection: RedisConnection) { connection.abandon() }
}
