/// How many calls of one connection identity run at a time, and how many wait.
package struct LaneSettings: Sendable, Equatable {
  /// Threads at most, and with them calls that run. As many as there are connections: more calls would only wait for one.
  package var threads: Int
  /// Calls that wait at most; further ones are refused.
  package var queueLimit: Int
  /// Bytes that waiting calls hold at most; a call that is larger than that waits alone.
  package var byteLimit: Int
  /// A thread that had nothing to do for so long ends.
  package var idleTimeout: Duration

  package init(
    threads: Int = 10, queueLimit: Int = 10_000, byteLimit: Int = 1 << 30, idleTimeout: Duration = .seconds(5)
  ) {
    self.threads = max(threads, 1)
    self.queueLimit = max(queueLimit, 1)
    self.byteLimit = max(byteLimit, 1)
    self.idleTimeout = idleTimeout
  }
}

/// Why a lane does not take a call.
package enum LaneRefusal: Error, Equatable {
  /// As many wait as may.
  case full(limit: Int)
  /// Those that wait hold as many bytes as may.
  case heavy(limit: Int)
  /// There is no thread, and the system refuses one.
  case noThread
  /// Its owner has gone.
  case closed
}
