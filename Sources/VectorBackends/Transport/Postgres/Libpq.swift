import CLibraries
import CSupport
import Support
import VectorModel

/// libpq, loaded when the first database needs it.
package struct Libpq: @unchecked Sendable {
  /// Its functions; they stay for as long as the process.
  let functions: UnsafePointer<vdb_libpq>

  /// Errors: `missingLibrary` naming the package to install.
  package static func load() throws(VectorError) -> Libpq {
    let loaded = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(VDB_LIBRARY_REASON)) { reason in
      reason.initialize(repeating: 0)
      guard let base = reason.baseAddress else { return Result<Libpq, VectorError>.failure(.postgresOutOfMemory) }
      guard let functions = vdb_libpq_load(base) else {
        return .failure(VectorError(.missingLibrary, String(cString: base)))
      }
      return .success(Libpq(functions: functions))
    }
    return try loaded.get()
  }

  /// The parameters that a connection string or URI names, in libpq's order. Errors: `invalidOption`, which never repeats the
  /// text: it may hold a password.
  package func parameters(of connectionString: String, option: String) throws(VectorError) -> [PostgresParameter] {
    var problem: UnsafeMutablePointer<CChar>?
    guard let first = functions.pointee.PQconninfoParse(connectionString, &problem) else {
      if let problem { functions.pointee.PQfreemem(problem) }
      throw VectorError(
        .invalidOption,
        "option \"\(option)\" is no connection string: expected postgresql://user@host:port/database or key=value pairs of libpq"
      )
    }
    defer { functions.pointee.PQconninfoFree(first) }
    var found: [PostgresParameter] = []
    var entry = first
    while let keyword = entry.pointee.keyword {
      if let value = entry.pointee.val {
        found.append(PostgresParameter(String(cString: keyword), String(cString: value)))
      }
      entry += 1
    }
    return found
  }

  /// Opens or ends a connection, without waiting: no SIGPIPE reaches the host, and no thread or library that TLS brings along
  /// sees the host's signals. libpq's own sending raises none (MSG_NOSIGNAL), so requests go without.
  @inline(__always)
  func quietly<Result>(_ body: () -> Result) -> Result {
    var hold = vdb_signal_hold()
    vdb_signals_hold(&hold)
    defer { vdb_signals_release(&hold) }
    return body()
  }
}

extension VectorError {
  static let postgresOutOfMemory = VectorError(.outOfMemory, "not enough memory for a request to Postgres")
}
