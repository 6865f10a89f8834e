import CLibraries
import CSupport
import Resilience
import Support
import VectorModel

extension PostgresConnection {
  /// Sends rows by `COPY … FROM STDIN (FORMAT binary)` within the open transaction, and answers how many the server took.
  ///
  /// `fill` appends the next rows to an empty buffer, some hundred kilobytes of them, and answers whether there are more. The
  /// server's pace is ours: nothing is made before what came before it has gone out. Errors: those of `run`.
  func copy(
    _ sql: String, _ waiting: PostgresWaiting,
    _ fill: (ColumnBuffer<UInt8>) throws(AttemptFailure) -> Bool
  ) throws(AttemptFailure) -> Int {
    let functions = libpq.functions
    do throws(AttemptFailure) {
      return try wakeup.watching(waiting.context) { () throws(AttemptFailure) in
        // Pipelines know no COPY.
        guard functions.pointee.PQexitPipelineMode(handle) == 1 else { throw copyFailure(nil) }
        let statement = PostgresStatement(sql)
        let isSent = statement.sql.bytes.withUnsafeBufferPointer { bytes in
          bytes.withMemoryRebound(to: CChar.self) { text in
            functions.pointee.PQsendQueryParams(handle, text.baseAddress, 0, nil, nil, nil, nil, 0)
          }
        }
        guard isSent == 1 else { throw copyFailure(nil) }
        try flush(waiting)
        if let refusal = try startOfCopy(waiting) {
          guard functions.pointee.PQenterPipelineMode(handle) == 1 else { throw copyFailure(nil) }
          throw refusal.failure(mayHaveApplied: false, isIdle: false)
        }
        try sendRows(waiting, fill)
        let rows = try endOfCopy(waiting)
        guard functions.pointee.PQenterPipelineMode(handle) == 1 else { throw copyFailure(nil) }
        switch rows {
        case .success(let count): return count
        case .failure(let fault): throw fault.failure(mayHaveApplied: false, isIdle: false)
        }
      }
    } catch {
      // A refusal that was read to its end leaves the connection as it should be.
      if !error.kind.keepsConnection || functions.pointee.PQpipelineStatus(handle) == PQ_PIPELINE_OFF { giveUp() }
      throw error
    }
  }

  /// Waits for the server's readiness; what it refused, nil when it is ready.
  private func startOfCopy(_ waiting: PostgresWaiting) throws(AttemptFailure) -> PostgresFault? {
    let functions = libpq.functions
    guard let result = try nextResult(waiting) else { throw copyFailure(nil) }
    let status = functions.pointee.PQresultStatus(result)
    if status == PGRES_COPY_IN {
      functions.pointee.PQclear(result)
      return nil
    }
    let fault = libpq.fault(of: result)
    functions.pointee.PQclear(result)
    while let more = try nextResult(waiting) { functions.pointee.PQclear(more) }
    return fault
  }

  private func sendRows(
    _ waiting: PostgresWaiting, _ fill: (ColumnBuffer<UInt8>) throws(AttemptFailure) -> Bool
  ) throws(AttemptFailure) {
    let functions = libpq.functions
    let buffer = ColumnBuffer<UInt8>()
    var hasMore = true
    while hasMore {
      buffer.truncate(to: 0)
      hasMore = try fill(buffer)
      guard let base = buffer.base, buffer.count > 0, let count = Int32(exactly: buffer.count) else { continue }
      let isTaken = base.withMemoryRebound(to: CChar.self, capacity: buffer.count) { bytes in
        functions.pointee.PQputCopyData(handle, bytes, count)
      }
      guard isTaken == 1 else { throw copyFailure(nil) }
      waiting.context.tally?.add(.bytesSent, UInt64(buffer.count))
      try flush(waiting)
    }
  }

  private func endOfCopy(_ waiting: PostgresWaiting) throws(AttemptFailure) -> Result<Int, PostgresFault> {
    let functions = libpq.functions
    guard functions.pointee.PQputCopyEnd(handle, nil) == 1 else { throw copyFailure(nil) }
    try flush(waiting)
    var rows = 0
    var fault: PostgresFault?
    while let result = try nextResult(waiting) {
      if functions.pointee.PQresultStatus(result) == PGRES_COMMAND_OK {
        rows = functions.pointee.PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0
      } else if fault == nil {
        fault = libpq.fault(of: result)
      }
      functions.pointee.PQclear(result)
    }
    if isBroken { throw copyFailure(fault) }
    return fault.map { .failure($0) } ?? .success(rows)
  }

  /// The next result outside of a pipeline, nil after the last.
  private func nextResult(_ waiting: PostgresWaiting) throws(AttemptFailure) -> OpaquePointer? {
    let functions = libpq.functions
    while functions.pointee.PQisBusy(handle) != 0 {
      _ = try ready(VDB_READABLE, waiting)
      if functions.pointee.PQconsumeInput(handle) != 1 { throw copyFailure(nil) }
    }
    return functions.pointee.PQgetResult(handle)
  }

  /// Sends everything that waits to be sent; takes what arrives meanwhile, or both sides might wait for each other.
  private func flush(_ waiting: PostgresWaiting) throws(AttemptFailure) {
    let functions = libpq.functions
    while true {
      let state = functions.pointee.PQflush(handle)
      if state == 0 { return }
      if state < 0 { throw copyFailure(nil) }
      if try ready(VDB_READABLE | VDB_WRITABLE, waiting) & VDB_READABLE != 0,
        functions.pointee.PQconsumeInput(handle) != 1
      {
        throw copyFailure(nil)
      }
    }
  }

  private func ready(_ interest: Int32, _ waiting: PostgresWaiting) throws(AttemptFailure) -> Int32 {
    do throws(PostgresWaiting.Ended) { return try waiting.wait(socket, interest, wakeup) } catch {
      throw AttemptFailure(error.interruption, mayHaveApplied: false)
    }
  }

  /// The connection is of no use any more. Nothing was applied: the transaction has not been ended.
  private func copyFailure(_ fault: PostgresFault?) -> AttemptFailure {
    let message = "the connection to Postgres broke: \(libpq.fault(of: handle))"
    let fault = fault.flatMap { $0.state.isEmpty ? nil : $0 } ?? PostgresFault(state: "", message: message)
    return fault.failure(mayHaveApplied: false, isIdle: false)
  }
}
