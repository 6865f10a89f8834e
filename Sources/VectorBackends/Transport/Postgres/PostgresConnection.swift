import CLibraries
import CSupport
import Resilience
import Support
import VectorModel

/// One session with a server, in pipeline mode between requests. Used by one thread at a time.
///
/// Nothing here waits but in `PostgresWaiting`. A request that ends early leaves answers on the way, so the connection is done
/// with then, and the server is asked to stop.
package final class PostgresConnection: @unchecked Sendable {
  let libpq: Libpq
  let handle: OpaquePointer
  let wakeup: CancelWakeup
  /// 1 once the server turned out to lose prepared statements; shared by all connections of a factory.
  private let losesStatements: AtomicWord
  private let prepared: PostgresSettings.Prepared
  /// Begins the names of prepared statements. Random, because behind a pooler sessions of others may be the same session.
  private let namePrefix: String
  /// Names of prepared statements, with a NUL behind, by their SQL.
  private var names: [ByteString: [CChar]] = [:]
  /// The one that was asked for last, which mostly is asked for again: its text is the same memory then, and needs no hash.
  private var latest: (sql: ByteString, name: [CChar])?
  private var preparedCount = 0
  /// Whether it has answered before, so that it may have died since.
  var isUsed = false
  /// Whether answers are missing or a transaction hangs: nothing more can be asked here.
  private(set) var isSpent = false

  /// Statements kept prepared; a session that has seen more starts anew, because filters come in any shape.
  private static let mostPrepared = 200

  init(
    _ handle: OpaquePointer, _ libpq: Libpq, _ wakeup: CancelWakeup, prepared: PostgresSettings.Prepared,
    losesStatements: AtomicWord
  ) {
    self.handle = handle
    self.libpq = libpq
    self.wakeup = wakeup
    self.prepared = prepared
    self.losesStatements = losesStatements
    namePrefix = "vdb_" + String(SystemEnvironment.shared.random(), radix: 36) + "_"
  }

  var socket: Int32 { libpq.functions.pointee.PQsocket(handle) }
  var isInTransaction: Bool { libpq.functions.pointee.PQtransactionStatus(handle) != PQTRANS_IDLE }
  var isBroken: Bool { libpq.functions.pointee.PQstatus(handle) != CONNECTION_OK }

  /// Whether the statement is to be prepared by name.
  func prepares(_ statement: PostgresStatement) -> Bool {
    switch prepared {
    case .off: false
    case .on: statement.isRepeated
    case .auto: statement.isRepeated && losesStatements.load() == 0
    }
  }

  /// The name of a statement prepared before.
  func name(of sql: ByteString) -> [CChar]? {
    if let latest, latest.sql == sql { return latest.name }
    guard let name = names[sql] else { return nil }
    latest = (sql, name)
    return name
  }

  /// A name for a statement that is about to be prepared.
  func newName(for sql: ByteString) -> [CChar] {
    preparedCount += 1
    let name = Array((namePrefix + "\(preparedCount)").utf8CString)
    names[sql] = name
    return name
  }

  var holdsTooManyStatements: Bool { names.count >= Self.mostPrepared }

  func forgetStatements() {
    names = [:]
    latest = nil
  }

  /// Forgets a statement that may not have been prepared after all.
  func forget(_ sql: ByteString) {
    names[sql] = nil
    latest = nil
  }

  /// Notes that the server does not keep prepared statements; false where the settings insist on them.
  func stopPreparing() -> Bool {
    forgetStatements()
    guard prepared == .auto else { return false }
    losesStatements.store(1)
    return true
  }

  /// Leaves what runs to itself: the server is asked to stop it, in the background, and this connection serves nobody any more.
  func giveUp() {
    if isSpent { return }
    isSpent = true
    PostgresCanceller.cancel(handle, libpq)
  }
}
