import CLibraries
import CSupport
import Glibc
import Resilience
import Support
import VectorModel

/// Opens and ends sessions with one server, or with one of several.
package final class PostgresConnectionFactory: ConnectionFactory {
  package typealias Connection = PostgresConnection

  private let settings: PostgresSettings
  private let libpq: Libpq
  private let resolver: NameResolver
  private let losesStatements = AtomicWord(0)

  package init(_ settings: PostgresSettings, _ libpq: Libpq, resolver: NameResolver = .shared) {
    self.settings = settings
    self.libpq = libpq
    self.resolver = resolver
  }

  package func open(_ context: CallContext) throws(AttemptFailure) -> PostgresConnection {
    guard let wakeup = CancelWakeup() else {
      throw AttemptFailure(
        .refused, mayHaveApplied: false, cause: VectorError(.io, "the process has no file descriptor left"))
    }
    let addresses = try settings.addresses(resolver, context)
    var last: AttemptFailure?
    for (tried, address) in addresses.enumerated() {
      // Those that are left get an equal share of the time.
      let now = monotonicNanoseconds()
      let share = context.deadline.map { now.addingClamped($0.since(now) / UInt64(addresses.count - tried)) }
      do throws(AttemptFailure) {
        return try connect(address, share.map { context.ending(by: $0) } ?? context, wakeup)
      } catch {
        if let interruption = context.interruption() { throw AttemptFailure(interruption, mayHaveApplied: false) }
        guard error.kind == .unreachable || error.kind == .timedOut else { throw error }
        last = error
      }
    }
    throw last
      ?? AttemptFailure(
        .unreachable, mayHaveApplied: false, cause: VectorError(.unavailable, "no server of Postgres is named"))
  }

  package func check(_ connection: PostgresConnection) -> Bool {
    let functions = libpq.functions
    if connection.isSpent || connection.isBroken || connection.isInTransaction { return false }
    // What may have arrived: a notice, or the end.
    for _ in 0..<4 {
      let ready = vdb_wait_socket(connection.socket, VDB_READABLE, -1, 0)
      if ready == 0 { return !connection.isBroken }
      let isAlive = functions.pointee.PQconsumeInput(connection.handle) == 1
      if !isAlive || connection.isBroken { return false }
    }
    return false
  }

  package func close(_ connection: PostgresConnection) { finish(connection.handle) }

  package func abandon(_ connection: PostgresConnection) {
    let socket = connection.socket
    if socket >= 0 { _ = Glibc.close(socket) }
  }

  private func finish(_ handle: OpaquePointer) {
    libpq.quietly { libpq.functions.pointee.PQfinish(handle) }
  }

  private func connect(
    _ address: PostgresAddress, _ context: CallContext, _ wakeup: CancelWakeup
  ) throws(AttemptFailure) -> PostgresConnection {
    let functions = libpq.functions
    guard let handle = start(address) else {
      throw AttemptFailure(.refused, mayHaveApplied: false, cause: VectorError.postgresOutOfMemory)
    }
    do throws(AttemptFailure) {
      vdb_libpq_ignore_notices(functions, handle)
      // So that messages tell the server's code.
      _ = functions.pointee.PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
      try wakeup.watching(context) { () throws(AttemptFailure) in try poll(handle, context, wakeup) }
      _ = functions.pointee.PQsetErrorVerbosity(handle, PQERRORS_DEFAULT)
      vdb_libpq_connected()
      guard functions.pointee.PQsetnonblocking(handle, 1) == 0, functions.pointee.PQenterPipelineMode(handle) == 1
      else { throw failure(of: handle) }
      return PostgresConnection(
        handle, libpq, wakeup, prepared: settings.prepared, losesStatements: losesStatements)
    } catch {
      finish(handle)
      throw error
    }
  }

  private func poll(_ handle: OpaquePointer, _ context: CallContext, _ wakeup: CancelWakeup) throws(AttemptFailure) {
    let functions = libpq.functions
    if functions.pointee.PQstatus(handle) == CONNECTION_BAD { throw failure(of: handle) }
    var state = PGRES_POLLING_WRITING
    let waiting = PostgresWaiting(context)
    while state != PGRES_POLLING_OK {
      if state == PGRES_POLLING_FAILED { throw failure(of: handle) }
      let interest = state == PGRES_POLLING_READING ? VDB_READABLE : VDB_WRITABLE
      do throws(PostgresWaiting.Ended) {
        _ = try waiting.wait(functions.pointee.PQsocket(handle), interest, wakeup)
      } catch {
        throw AttemptFailure(error.interruption, mayHaveApplied: false)
      }
      state = libpq.quietly { functions.pointee.PQconnectPoll(handle) }
    }
  }

  /// Begins to connect; nil when out of memory.
  private func start(_ address: PostgresAddress) -> OpaquePointer? {
    var settings = settings
    settings["host"] = address.host
    settings["hostaddr"] = address.address
    settings["port"] = address.port
    settings["client_encoding"] = "UTF8"
    // A network that lost the other side is noticed within a minute; what the user said counts more.
    for (keyword, value) in [
      ("fallback_application_name", "libvectordb"), ("keepalives_idle", "30"), ("keepalives_interval", "10"),
      ("keepalives_count", "3"),
    ] where settings[keyword] == nil {
      settings[keyword] = value
    }
    // One text with a NUL behind each part, and where the parts begin.
    var texts: [CChar] = []
    var places: [Int] = []
    for parameter in settings.parameters where !parameter.value.isEmpty {
      for text in [parameter.keyword, parameter.value] {
        places.append(texts.count)
        texts += text.utf8CString
      }
    }
    return texts.withUnsafeBufferPointer { texts in
      guard let base = texts.baseAddress else { return nil }
      var keywords: [UnsafePointer<CChar>?] = []
      var values: [UnsafePointer<CChar>?] = []
      for at in stride(from: 0, to: places.count - 1, by: 2) {
        keywords.append(base + places[at])
        values.append(base + places[at + 1])
      }
      keywords.append(nil)
      values.append(nil)
      return libpq.quietly { libpq.functions.pointee.PQconnectStartParams(keywords, values, 0) }
    }
  }

  /// Why connecting failed. The server's own refusals are final, a server that cannot be reached or is not ready is not.
  private func failure(of handle: OpaquePointer) -> AttemptFailure {
    let fault = libpq.connectFault(of: handle)
    let failure = fault.failure(mayHaveApplied: false, isIdle: false)
    if fault.state.isEmpty || fault.state == "57P03" || failure.kind == .broken {
      let error = VectorError(.unavailable, "cannot connect to Postgres: \(fault.message)")
      return AttemptFailure(.unreachable, mayHaveApplied: false, cause: error)
    }
    return failure
  }
}
