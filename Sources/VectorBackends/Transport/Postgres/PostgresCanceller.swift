import CLibraries
import CSupport
import Resilience
import Support

/// Asks servers to stop a statement nobody waits for any more, which takes a connection of its own.
///
/// libpq does that by blocking, so it happens on threads of the library, few of them: where a host swallows packets they hang for
/// minutes, and then a statement runs on until it is done.
enum PostgresCanceller {
  private static let running = AtomicWord(0)
  private static let mostThreads: UInt64 = 4

  /// Starts the asking; returns at once. The connection may be closed afterwards.
  static func cancel(_ connection: OpaquePointer, _ libpq: Libpq) {
    if running.add(1) >= mostThreads {
      running.add(.max)
      return
    }
    guard let cancel = libpq.functions.pointee.PQgetCancel(connection) else {
      running.add(.max)
      return
    }
    nonisolated(unsafe) let request = cancel
    let isStarted = SystemEnvironment.shared.start("vdb-pg-cancel") { ask(request, libpq) }
    if !isStarted { end(request, libpq) }
  }

  private static func ask(_ request: OpaquePointer, _ libpq: Libpq) {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { problem in
      problem.initialize(repeating: 0)
      let depth = vdb_gate_pause()
      _ = libpq.functions.pointee.PQcancel(request, problem.baseAddress, Int32(problem.count))
      vdb_gate_resume(depth)
    }
    end(request, libpq)
  }

  private static func end(_ request: OpaquePointer, _ libpq: Libpq) {
    libpq.functions.pointee.PQfreeCancel(request)
    running.add(.max)
  }
}
