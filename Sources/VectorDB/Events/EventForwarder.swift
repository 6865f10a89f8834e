import CSupport
import Glibc
import Support
import VectorModel

/// Level of an event; raw values are those of `vdb_log_level`.
package enum LogLevel: Int32, Sendable, Comparable {
  case debug = 0
  case info = 1
  case warning = 2
  case error = 3

  package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}

/// Where events go: the callback of `vdb_log_set` and its context.
package struct EventReceiver: @unchecked Sendable {
  package typealias Callback =
    @convention(c) (UnsafeMutableRawPointer?, Int32, UnsafePointer<CChar>?, Int) -> Void

  let callback: Callback
  let context: UnsafeMutableRawPointer?

  package init(callback: @escaping Callback, context: UnsafeMutableRawPointer?) {
    self.callback = callback
    self.context = context
  }
}

/// Carries events from any thread to the one callback of the process, on a thread of its own, in order.
///
/// The queue is bounded: a slow callback costs events, never memory or a caller's time. What was dropped is counted and
/// told with the next event. Without a receiver an event costs one atomic load.
package final class EventForwarder: @unchecked Sendable {
  package static let shared = EventForwarder()

  /// Events waiting for a slow callback, at most.
  private static let capacity = 1024

  private struct Event {
    let level: LogLevel
    let text: ColumnBuffer<UInt8>
  }

  /// Lowest level that is wanted, `offLevel` without a receiver.
  private let threshold = AtomicWord(EventForwarder.offLevel)
  private static let offLevel: UInt64 = 99

  private let lock = Lock(.leaf)
  /// An event came, or the thread is to end.
  private let wake: Condition
  /// The thread has ended, or a change of the receiver has.
  private let ended: Condition
  /// One `setReceiver` at a time. Not a lock: fork waits for locks, and this may wait for the host's callback.
  private var changing = false
  private var queue: [Event] = []
  private var dropped: UInt64 = 0
  private var receiver: EventReceiver?
  private var stopping = false
  /// The thread that runs the callback, while there is one.
  private var thread: pthread_t?
  private var running = false
  private var epoch = processEpoch

  private init() {
    wake = Condition(lock)
    ended = Condition(lock)
  }

  /// Whether an event of this level would reach anybody: ask before building one.
  package func wants(_ level: LogLevel) -> Bool { UInt64(level.rawValue) >= threshold.load() }

  /// Queues an event: `fields` are written behind "event" and "time_ms".
  package func send(_ level: LogLevel, _ name: StaticString, _ fields: (inout JSONWriter) -> Void) {
    guard wants(level) else { return }
    lock.withLock {
      if epoch != processEpoch { startAnew() }
      guard running else { return }
      guard queue.count < Self.capacity else {
        dropped += 1
        return
      }
      var json = JSONWriter()
      json.object { json in
        json.field("event", "\(name)")
        json.field("time_ms", Int(wallClockMilliseconds()))
        if dropped > 0 { json.field("dropped", Int(clamping: dropped)) }
        fields(&json)
      }
      guard !json.failed else {
        dropped += 1
        return
      }
      dropped = 0
      queue.append(Event(level: level, text: json.output))
      wake.signal()
    }
  }

  /// Sets or clears the receiver; returns when the previous one has ended.
  package func setReceiver(_ new: EventReceiver?, from level: LogLevel) throws(VectorError) {
    let inside = lock.withLock { () -> Bool in
      if epoch != processEpoch { startAnew() }
      return thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false
    }
    if inside { throw VectorError(.invalidArgument, "vdb_log_set was called from within the log callback") }
    lock.withLock {
      while changing { ended.wait() }
      changing = true
    }
    defer {
      lock.withLock {
        changing = false
        ended.broadcast()
      }
    }
    stop()
    guard let new else { return }
    try start(new)
    threshold.store(UInt64(level.rawValue))
  }

  /// Ends the thread and with it the receiver; what is queued is dropped.
  private func stop() {
    threshold.store(Self.offLevel)
    lock.withLock {
      stopping = true
      wake.signal()
      while running { ended.wait() }
      reset()
    }
  }

  private func start(_ new: EventReceiver) throws(VectorError) {
    lock.withLock {
      receiver = new
      running = true
    }
    let refused = vdb_thread_start({ _ in EventForwarder.shared.forward() }, nil, "vectordb-log")
    guard refused == 0 else {
      lock.withLock { reset() }
      throw VectorError(.outOfMemory, "the system refuses a thread for the log callback (errno \(refused))")
    }
  }

  /// Body of the thread.
  private func forward() {
    lock.withLock { thread = pthread_self() }
    while let (event, receiver) = next() {
      let text = UnsafeRawPointer(event.text.base)?.assumingMemoryBound(to: CChar.self)
      withExtendedLifetime(event.text) {
        // The host's code takes its own time, and may fork.
        let depth = vdb_gate_pause()
        receiver.callback(receiver.context, event.level.rawValue, text, event.text.count)
        vdb_gate_resume(depth)
      }
    }
    lock.withLock {
      running = false
      ended.broadcast()
    }
  }

  /// Waits for an event; nil when the thread is to end.
  private func next() -> (Event, EventReceiver)? {
    lock.withLock {
      while queue.isEmpty, !stopping { wake.wait() }
      guard !stopping, let receiver else { return nil }
      return (queue.removeFirst(), receiver)
    }
  }

  /// In a forked child the thread does not exist, and the callback may belong to a host that cannot take calls.
  private func startAnew() {
    threshold.store(Self.offLevel)
    reset()
    changing = false
    epoch = processEpoch
  }

  private func reset() {
    queue.removeAll()
    dropped = 0
    receiver = nil
    thread = nil
    running = false
    stopping = false
  }
}

/// Milliseconds since 1970 in UTC.
private func wallClockMilliseconds() -> Int64 {
  var now = timespec()
  clock_gettime(CLOCK_REALTIME, &now)
  return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
}
