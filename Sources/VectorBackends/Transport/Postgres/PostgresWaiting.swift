import CSupport
import Glibc
import Support

/// How long a socket is waited for: within the call, and no longer than a time without any progress.
struct PostgresWaiting {
  let context: CallContext
  /// Nanoseconds without progress after which the server counts as silent; nil = only the call ends it.
  let patience: UInt64?

  /// Bounded by the context alone.
  init(_ context: CallContext) {
    self.context = context
    patience = nil
  }

  /// For work that takes as long as it takes, as far as it goes on: each time there is progress, what was left of `attempt` at the
  /// start is granted anew. Bounded by the call's own deadline.
  init(attempt: CallContext, call: CallContext) {
    context = CallContext(deadline: call.deadline, cancel: attempt.cancel, tally: attempt.tally)
    patience = attempt.deadline.map { $0.since(monotonicNanoseconds()) }
  }

  /// Blocks until the socket is ready; what it is ready for. Errors: why the call is over. A socket that fails is ready.
  func wait(_ socket: Int32, _ interest: Int32, _ wakeup: CancelWakeup) throws(Ended) -> Int32 {
    let limit = patience.map { monotonicNanoseconds().addingClamped($0) } ?? .max
    while true {
      if let interruption = context.interruption() { throw Ended(interruption) }
      let end = min(context.deadline ?? .max, limit)
      let ready = vdb_wait_socket(socket, interest, wakeup.descriptor, end)
      // What is wrong with the descriptor, libpq finds out and says better.
      if ready != 0 { return ready < 0 ? interest : ready }
      if limit != .max, monotonicNanoseconds() >= limit { throw Ended(.deadlineExceeded) }
    }
  }

  /// The wait is over before the socket was ready.
  struct Ended: Error {
    let interruption: CallContext.Interruption
    init(_ interruption: CallContext.Interruption) { self.interruption = interruption }
  }
}
