import CSupport
import Support

/// The breakers of one endpoint: one for reads, one for writes, one for control, and one for whether it can be reached at all.
///
/// Failures to connect say nothing of reads or writes: they count in the class that met them, and in `reachability`, which
/// sees the attempts of all classes and, when it opens, opens all three. A class nobody uses is therefore neither opened by
/// the failures of a busy one, without ever seeing its successes, nor left open after the endpoint has come back.
///
/// While everything is closed, permitting an attempt is one atomic load and recording its success writes to a cache line of
/// the thread's own; state machines and lock are for failures and for the end of each part of the window.
package final class CircuitBreakers: @unchecked Sendable {
  /// Answer to an attempt that wants to start.
  package enum Permission {
    /// Tell how it went, exactly once, with this ticket.
    case permitted(BreakerTicket)
    /// Nanoseconds until asking again makes sense, where that is known.
    case refused(retryAfter: UInt64?)
  }

  private let environment: any Environment
  private let lock = Lock(.leaf)
  /// Under `lock`.
  private var machines: BreakerMachines
  private var epoch = processEpoch
  /// What has been absorbed of `successes` so far. Under `lock`.
  private var absorbed: [UInt64] = [0, 0, 0]

  /// Memory read without a lock, and plain, because counting references to it would cost more than reading it. Words 0 to
  /// 2: a `BreakerTicket.word` a class. 3 to 5: until when an attempt of the class is refused without asking; 0 when it is
  /// not, the largest number while open by hand. 6: when successes have to be absorbed.
  private let words: UnsafeMutablePointer<UInt64>
  /// Words 0 to 2: successes of the classes; words 3 to 5: when the last one was.
  private let successes = StripedWords()
  /// Nanoseconds; the largest number where no attempt counts as slow.
  private let slowFrom: UInt64

  package init(_ settings: CircuitBreakerSettings, _ environment: any Environment) {
    self.environment = environment
    machines = BreakerMachines(settings, now: environment.now())
    slowFrom = settings.slowCallDuration > .zero ? settings.slowCallDuration.nanoseconds : .max
    words = .allocate(capacity: 7)
    words.initialize(repeating: 0, count: 7)
    publish()
  }

  deinit { words.deallocate() }

  /// The ticket of a closed circuit; nil when `acquire` has to be asked. Wait-free.
  package func acquireAtOnce(_ requestClass: RequestClass) -> BreakerTicket? {
    let ticket = BreakerTicket(word: vdb_atomic_load(words + requestClass.rawValue))
    return ticket.isClosed ? ticket : nil
  }

  /// Counts a success when that needs no lock; false when `record` has to be told.
  package func recordAtOnce(_ requestClass: RequestClass, _ ticket: BreakerTicket, elapsed: UInt64, now: UInt64) -> Bool
  {
    let index = requestClass.rawValue
    guard ticket.isClosed, elapsed < slowFrom, vdb_atomic_load(words + index) == ticket.word,
      now < vdb_atomic_load(words + 6)
    else { return false }
    successes.add(index)
    successes.store(3 + index, now)
    return true
  }

  /// An attempt wants to start. `report` is called for each change of state this causes, after the fact.
  package func acquire(
    _ requestClass: RequestClass, now: UInt64, report: (BreakerChange) -> Void
  ) -> Permission {
    if let ticket = acquireAtOnce(requestClass) { return .permitted(ticket) }
    let until = vdb_atomic_load(words + 3 + requestClass.rawValue)
    if now < until { return .refused(retryAfter: until == .max ? nil : until - now) }
    return change(now, report) { $0.acquire(requestClass, now: now) }
  }

  /// How a permitted attempt ended: `failure` nil for an answer. An attempt that never started counts as cancelled.
  package func record(
    _ requestClass: RequestClass, _ ticket: BreakerTicket, failure: AttemptFailure.Kind?, elapsed: UInt64, now: UInt64,
    report: (BreakerChange) -> Void
  ) {
    let verdict = failure?.verdict ?? .success
    let isSlow = elapsed >= slowFrom
    if ticket.isClosed, verdict == .neither { return }
    if verdict == .success, recordAtOnce(requestClass, ticket, elapsed: elapsed, now: now) { return }
    let random = environment.random()
    change(now, report) { machines in
      machines.record(requestClass, ticket, failure: failure, isSlow: isSlow, now: now, random: random)
    }
  }

  /// Holds all circuits open or closed by hand; nil lets them follow their rules again, closed.
  package func force(_ state: ForcedState?, report: (BreakerChange) -> Void) {
    let now = environment.now()
    change(now, report) { $0.force(state?.circuitState, now: now) }
  }

  /// State of the class as its attempts meet it.
  package func state(_ requestClass: RequestClass) -> CircuitState {
    if acquireAtOnce(requestClass) != nil { return .closed }
    return lock.withLock { machines.state(requestClass) }
  }

  /// The state of the class that is worst off.
  package var worstState: CircuitState {
    RequestClass.allCases.map(state).max { $0.rawValue < $1.rawValue } ?? .closed
  }

  /// Everything about the class, for health.
  package func status(_ requestClass: RequestClass) -> CircuitBreakerStatus {
    let now = environment.now()
    return change(now, { _ in }) { $0.status(requestClass, now: now) }
  }

  /// Brings the machines up to date, changes them, makes the outcome visible to those who do not lock.
  @discardableResult
  private func change<Result>(
    _ now: UInt64, _ report: (BreakerChange) -> Void, _ step: (inout BreakerMachines) -> Result
  ) -> Result {
    let (result, changes) = lock.withLock {
      if epoch != processEpoch {
        epoch = processEpoch
        machines.forgetPermitted()
      }
      let before = machines.states
      absorb(now)
      let result = step(&machines)
      publish()
      return (result, machines.changes(since: before))
    }
    for change in changes { report(change) }
    return result
  }

  private func absorb(_ now: UInt64) {
    var all = 0
    var latest: UInt64 = 0
    for requestClass in RequestClass.allCases {
      let index = requestClass.rawValue
      let total = successes.sum(index)
      let count = Int(clamping: total &- absorbed[index])
      absorbed[index] = total
      let last = count > 0 ? successes.maximum(3 + index) : 0
      machines.absorb(requestClass, count, latest: last, now: now)
      all += count
      latest = max(latest, last)
    }
    machines.absorbReached(all, latest: latest, now: now)
  }

  private func publish() {
    for requestClass in RequestClass.allCases {
      vdb_atomic_store(words + 3 + requestClass.rawValue, machines.refusedUntil(requestClass))
      vdb_atomic_store(words + requestClass.rawValue, machines.ticket(requestClass).word)
    }
    vdb_atomic_store(words + 6, machines.endOfPart)
  }
}

/// What a user can hold a circuit in.
package enum ForcedState: Sendable, Equatable {
  case open, closed

  var circuitState: CircuitState { self == .open ? .open : .closed }
}

/// A change of state as attempts of one class meet it.
package struct BreakerChange: Equatable, Sendable {
  package let requestClass: RequestClass
  package let from: CircuitState
  package let to: CircuitState
}

/// A class's breaker as health shows it.
package struct CircuitBreakerStatus: Sendable, Equatable {
  package let state: CircuitState
  /// Held in its state by hand, or because breakers are turned off.
  package let isForced: Bool
  /// Attempts, failures among them and slow ones in the window of the class.
  package let calls: Int
  package let failures: Int
  package let slowCalls: Int
  /// Failures since the last success.
  package let consecutiveFailures: Int
  /// Openings since it was last closed.
  package let openings: Int
  /// Nanoseconds until an open circuit permits an attempt; nil when it is not open, or open by hand.
  package let retryAfter: UInt64?
}
