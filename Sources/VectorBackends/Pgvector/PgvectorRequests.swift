import Resilience
import Support
import VectorModel

/// Requests of a database, sent through its resilience layer.
package typealias PgvectorExecutor = RequestExecutor<Pool<PostgresConnectionFactory>>

extension RequestExecutor where C == Pool<PostgresConnectionFactory> {
  /// Runs one request. `body` gets a connection and how long it may wait; errors of its own count as refusals.
  func ask<Answer>(
    _ kind: RequestKind, _ context: CallContext,
    _ body: (PostgresConnection, PostgresWaiting) throws(AttemptFailure) -> Answer
  ) throws(VectorError) -> Answer {
    do throws(RequestFailure) {
      return try run(kind, context) { (connection, attempt) throws(AttemptFailure) in
        try body(connection, PostgresWaiting(attempt))
      }
    } catch {
      throw VectorError(error, of: kind)
    }
  }

  /// Runs statements in one trip.
  func ask(
    _ kind: RequestKind, _ context: CallContext, _ statements: [PostgresStatement]
  ) throws(VectorError) -> [PostgresResult] {
    try ask(kind, context) { (connection, waiting) throws(AttemptFailure) in
      try connection.run(statements, waiting, mayApply: kind.requestClass != .read)
    }
  }
}

/// Runs what throws the library's errors where an attempt's are expected.
func local<Answer>(_ body: () throws(VectorError) -> Answer) throws(AttemptFailure) -> Answer {
  do throws(VectorError) { return try body() } catch { throw AttemptFailure(local: error) }
}
