import CLibraries
import CSupport
import Resilience
import Support
import VectorModel

extension PostgresConnection {
  /// Runs statements in one trip, as one transaction unless one is open already: all of them count, or none.
  ///
  /// - Parameter mayApply: whether they may have changed something for good when the connection breaks before the answer; false
  ///   for reads, and within a transaction that ends later.
  /// Errors: the first statement that failed, the rest was not run; whatever ends a call.
  func run(
    _ statements: [PostgresStatement], _ waiting: PostgresWaiting, mayApply: Bool
  ) throws(AttemptFailure) -> [PostgresResult] {
    try run(count: statements.count, waiting, mayApply: mayApply) { (index) throws(AttemptFailure) in statements[index]
    }
  }

  /// As above, where each statement is made when it is its turn, so that a large batch is never in memory as a whole. `statement`
  /// may be asked for the same one twice.
  func run(
    count: Int, _ waiting: PostgresWaiting, mayApply: Bool,
    _ statement: (Int) throws(AttemptFailure) -> PostgresStatement
  ) throws(AttemptFailure) -> [PostgresResult] {
    if isSpent || isBroken {
      throw AttemptFailure(
        .staleConnection, mayHaveApplied: false, cause: VectorError(.unavailable, "the connection is closed"))
    }
    let isAlone = !isInTransaction
    var isSecond = false
    while true {
      var trip = PostgresTrip(self, waiting, mayApply: mayApply)
      let fault = try wakeup.watching(waiting.context) { () throws(AttemptFailure) in try trip.go(count, statement) }
      isUsed = true
      guard let fault else { return trip.results }
      trip.newStatements.forEach(forget)
      let isForgotten = trip.usesNames && losesStatement(fault)
      if isForgotten, isAlone, !isSecond {
        isSecond = true
        continue
      }
      let failure = fault.failure(mayHaveApplied: false, isIdle: false)
      throw isForgotten ? AttemptFailure(.conflicted, mayHaveApplied: false, cause: failure.cause) : failure
    }
  }

  /// Whether a named statement is not what it was: gone or foreign behind a pooler, or its tables have changed. It is not used
  /// again then.
  private func losesStatement(_ fault: PostgresFault) -> Bool {
    switch fault.state {
    case "26000", "42P05": return stopPreparing()
    case "0A000":
      forgetStatements()
      return true
    default: return false
    }
  }

  /// Ends a transaction that failed; a connection that cannot be asked to is done with.
  func rollBack() {
    if isSpent || isBroken || !isInTransaction { return }
    let bound = CallContext(deadline: monotonicNanoseconds().addingClamped(2_000_000_000))
    do throws(AttemptFailure) {
      _ = try run([PostgresStatement("ROLLBACK")], PostgresWaiting(bound), mayApply: false)
    } catch { giveUp() }
  }
}

/// Statements on their way to the server and their answers on the way back, both at once.
private struct PostgresTrip {
  private let connection: PostgresConnection
  private let waiting: PostgresWaiting
  private let mayApply: Bool
  /// Commands sent, and which of them give no answer: those that prepare another one.
  private var sent = 0
  private var silent: [Int] = []
  /// Commands answered in full.
  private var answered = 0
  private var hasResult = false
  /// The point at which the server ends the transaction: sent, and reached.
  private var isSyncSent = false
  private var isSynced = false
  private var isFlushed = false
  private var hasReceived = false
  private var fault: PostgresFault?

  private(set) var results: [PostgresResult] = []
  /// SQL of statements prepared on this trip.
  private(set) var newStatements: [ByteString] = []
  /// Whether a statement was called by a name.
  private(set) var usesNames = false

  init(_ connection: PostgresConnection, _ waiting: PostgresWaiting, mayApply: Bool) {
    self.connection = connection
    self.waiting = waiting
    self.mayApply = mayApply
  }

  /// There and back. What the server refused, nil when it did not.
  mutating func go(
    _ count: Int, _ statement: (Int) throws(AttemptFailure) -> PostgresStatement
  ) throws(AttemptFailure) -> PostgresFault? {
    do throws(AttemptFailure) {
      if connection.holdsTooManyStatements {
        connection.forgetStatements()
        try send(PostgresStatement("DEALLOCATE ALL"), isAnswer: false)
      }
      var index = 0
      while index < count, fault == nil {
        let statement = try statement(index)
        if statement.parameters.failed {
          throw AttemptFailure(.refused, mayHaveApplied: false, cause: VectorError.postgresOutOfMemory)
        }
        try send(statement, isAnswer: true)
        // What is large goes out before the next is made.
        if statement.parameters.bytes.count > 1 << 16 { try pump { trip, flushed in flushed || trip.fault != nil } }
        index += 1
      }
      let functions = connection.libpq.functions
      let handle = connection.handle
      if functions.pointee.PQpipelineSync(handle) != 1 { throw broken() }
      isSyncSent = true
      try pump { trip, _ in trip.isSynced }
      return fault
    } catch {
      connection.giveUp()
      throw error
    }
  }

  private mutating func send(_ statement: PostgresStatement, isAnswer: Bool) throws(AttemptFailure) {
    let libpq = connection.libpq
    let handle = connection.handle
    var name: [CChar]?
    if connection.prepares(statement) {
      name = connection.name(of: statement.sql)
      usesNames = true
      if name == nil {
        let new = connection.newName(for: statement.sql)
        newStatements.append(statement.sql)
        let isSent = withCString(statement.sql) { sql in
          statement.parameters.withArrays { types, _, _, _ in
            libpq.functions.pointee.PQsendPrepare(handle, new, sql, Int32(clamping: statement.parameters.count), types)
          }
        }
        if isSent != 1 { throw notSent(isSent) }
        silent.append(sent)
        sent += 1
        waiting.context.tally?.add(.bytesSent, UInt64(statement.sql.count))
        name = new
      }
    }
    let count = Int32(clamping: statement.parameters.count)
    let isSent = statement.parameters.withArrays { types, values, lengths, formats in
      guard let name else {
        return withCString(statement.sql) { sql in
          libpq.functions.pointee.PQsendQueryParams(handle, sql, count, types, values, lengths, formats, 1)
        }
      }
      return libpq.functions.pointee.PQsendQueryPrepared(handle, name, count, values, lengths, formats, 1)
    }
    if isSent != 1 { throw notSent(isSent) }
    if !isAnswer { silent.append(sent) }
    sent += 1
    let size = statement.parameters.bytes.count + (name?.count ?? statement.sql.count)
    waiting.context.tally?.add(.bytesSent, UInt64(size))
  }

  /// Sends what waits to be sent and takes what arrives, until `isDone`, which learns whether everything was sent.
  private mutating func pump(_ isDone: (borrowing PostgresTrip, Bool) -> Bool) throws(AttemptFailure) {
    let libpq = connection.libpq
    let handle = connection.handle
    while true {
      let flushed = libpq.functions.pointee.PQflush(handle)
      isFlushed = flushed == 0
      collect()
      if isDone(self, isFlushed) { return }
      if flushed < 0 || connection.isBroken { throw broken() }
      let interest = VDB_READABLE | (isFlushed ? 0 : VDB_WRITABLE)
      let ready: Int32
      do throws(PostgresWaiting.Ended) {
        ready = try waiting.wait(connection.socket, interest, connection.wakeup)
      } catch {
        throw AttemptFailure(error.interruption, mayHaveApplied: mayHaveApplied)
      }
      if ready & VDB_READABLE != 0 {
        let isAlive = libpq.functions.pointee.PQconsumeInput(handle) == 1
        if isAlive { hasReceived = true } else { throw broken() }
      }
    }
  }

  /// Takes the answers that have arrived in full.
  private mutating func collect() {
    let functions = connection.libpq.functions
    let handle = connection.handle
    var emptyTurns = 0
    while answered < sent || isSyncSent && !isSynced, functions.pointee.PQisBusy(handle) == 0 {
      guard let result = functions.pointee.PQgetResult(handle) else {
        // The end of one command's results, or none has arrived yet.
        if hasResult {
          answered += 1
          hasResult = false
        } else {
          emptyTurns += 1
          if emptyTurns > 2 { return }
        }
        continue
      }
      take(result)
    }
  }

  private mutating func take(_ result: OpaquePointer) {
    let functions = connection.libpq.functions
    hasResult = true
    switch functions.pointee.PQresultStatus(result) {
    case PGRES_PIPELINE_SYNC:
      isSynced = true
      hasResult = false
      functions.pointee.PQclear(result)
    case PGRES_TUPLES_OK, PGRES_COMMAND_OK:
      let answer = PostgresResult(result, connection.libpq)
      guard answered < sent, silent.isEmpty || !silent.contains(answered) else { return }
      waiting.context.tally?.add(.bytesReceived, UInt64(answer.size))
      results.append(answer)
    case PGRES_PIPELINE_ABORTED:
      functions.pointee.PQclear(result)
    default:
      if fault == nil { fault = connection.libpq.fault(of: result) }
      functions.pointee.PQclear(result)
    }
  }

  private var mayHaveApplied: Bool { mayApply && (isFlushed || connection.isInTransaction) }

  /// The connection is gone: in the server's words where it said some before.
  private mutating func broken() -> AttemptFailure {
    let isIdle = connection.isUsed && !hasReceived
    collect()
    let libpq = connection.libpq
    for _ in 0..<4 {
      guard let result = libpq.functions.pointee.PQgetResult(connection.handle) else { break }
      if fault == nil { fault = libpq.fault(of: result) }
      libpq.functions.pointee.PQclear(result)
    }
    let message = "the connection to Postgres broke: \(libpq.fault(of: connection.handle))"
    let fault = fault.flatMap { $0.state.isEmpty ? nil : $0 } ?? PostgresFault(state: "", message: message)
    return fault.failure(mayHaveApplied: mayHaveApplied, isIdle: isIdle || connection.isUsed && results.isEmpty)
  }

  /// libpq did not take a statement: because it is too long (nil), or there is no memory, or the connection is gone.
  private mutating func notSent(_ code: Int32?) -> AttemptFailure {
    if code != nil, connection.isBroken { return broken() }
    let error =
      code == nil
      ? VectorError(.tooLarge, "a value of more than 2 GB cannot be sent to Postgres")
      : VectorError(.outOfMemory, "libpq cannot send a request: \(connection.libpq.fault(of: connection.handle))")
    return AttemptFailure(.refused, mayHaveApplied: false, cause: error)
  }
}

/// Lends a text with a NUL behind it as C takes it.
private func withCString<Result>(_ text: ByteString, _ body: (UnsafePointer<CChar>) -> Result) -> Result {
  text.bytes.withUnsafeBufferPointer { bytes in
    bytes.withMemoryRebound(to: CChar.self) { characters in
      guard let base = characters.baseAddress else { return "".withCString(body) }
      return body(base)
    }
  }
}
