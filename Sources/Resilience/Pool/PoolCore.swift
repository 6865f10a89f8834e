import Support

/// What a pool does, whatever it holds: `Pool` adds the type of its connections. Not generic, for it is in the way of every
/// request: unspecialised, a lease and its return took as long as all the rest of the layer.
///
/// `PoolStateMachine` decides; this class holds the connections and does what waits: opening, checking and closing happen
/// on the thread of the caller, outside the lock. Nobody cleans up in the background: leases and returns end what is too
/// old, and `closeExpired` does it for a pool that nobody uses. A lease takes the lock once, a return once.
final class PoolCore: @unchecked Sendable {
  private typealias Machine = PoolStateMachine<PoolWaiter>
  private typealias Ended = (place: Int, connection: AnyObject, reason: StaticString)

  /// A decision with what belongs to it: the connection of a grant, and connections to close.
  private struct Step {
    let decision: Machine.Decision
    let connection: AnyObject?
    let ended: [Ended]
  }

  private let factory: any ConnectionFactory
  private let environment: any Environment
  private let events: (any EventSink)?
  private let hardLimit: Int
  private let waitTimeout: UInt64
  private let connectTimeout: UInt64

  private let lock = Lock(.leaf)
  // Under the lock, all of them.
  private var machine: Machine
  /// By place, leased ones too: a forked child has to close the descriptors of all.
  private var connections: [AnyObject?] = []
  private var counts: PoolStats
  private var epoch = processEpoch

  init(
    _ factory: any ConnectionFactory, _ settings: PoolSettings, _ environment: any Environment, events: (any EventSink)?
  ) {
    self.factory = factory
    self.environment = environment
    self.events = events
    waitTimeout = settings.waitTimeout.nanoseconds
    connectTimeout = settings.connectTimeout.nanoseconds
    let rules = PoolRules(settings)
    machine = PoolStateMachine(rules)
    hardLimit = rules.hardLimit
    counts = PoolStats()
    counts.hardLimit = rules.hardLimit
    counts.softLimit = rules.softLimit
  }

  deinit {
    let isChild = epoch != processEpoch
    for case let connection? in connections {
      if isChild { factory.abandonAny(connection) } else { factory.closeAny(connection) }
    }
  }

  func lease(_ context: CallContext, fresh: Bool) throws(LeaseFailure) -> Lease {
    let now = environment.now()
    if let cancel = context.cancel, cancel.isCancelled { throw .cancelled }
    if let deadline = context.deadline, deadline <= now { throw .deadlineExceeded }
    let step = locked { take(machine.lease(nil, fresh: fresh, now: now)) }
    end(step.ended)
    return try follow(step, context, asked: now)
  }

  func giveBack(_ lease: Lease, reusable: Bool) {
    let now = environment.now()
    let (waiter, ended) = locked {
      let (handover, endings) = machine.giveBack(lease.number, reusable: reusable, now: now)
      return (deliver(handover), take(endings))
    }
    waiter?.parking.wake()
    end(ended)
  }

  /// Ends connections that were idle or alive for too long.
  func closeExpired() {
    let now = environment.now()
    end(locked { take(machine.closeExpired(now: now)) })
  }

  /// Grants no further lease, sends everybody away who waits, closes what is idle. Leased connections are closed when they
  /// come back. Does not wait for them. May be called again.
  func close() {
    let (waiters, ended) = locked {
      let (waiters, endings) = machine.close()
      for waiter in waiters { waiter.decision = .closed }
      return (waiters, take(endings))
    }
    for waiter in waiters { waiter.parking.wake() }
    end(ended)
  }

  var stats: PoolStats {
    locked {
      var stats = counts
      stats.idle = machine.idleCount
      stats.leased = machine.leasedCount
      stats.opening = machine.openingCount
      stats.waiting = machine.waitingCount
      stats.leases = machine.leases
      return stats
    }
  }

  // MARK: - Steps of a lease

  private func follow(
    _ first: Step, _ context: CallContext, asked: UInt64
  ) throws(LeaseFailure) -> Lease {
    var step = first
    while true {
      switch (step.decision, step.connection) {
      case (.use(let grant), let connection?):
        return Lease(connection: connection, isReused: grant.isReused, number: grant.number)
      case (.check(let grant), let connection?):
        if factory.checkAny(connection) {
          return Lease(connection: connection, isReused: grant.isReused, number: grant.number)
        }
        step = replace(grant)
      case (.open(let grant), _): return try open(grant, context)
      case (.wait, _): step = try wait(context, asked: asked)
      case (.closed, _), (.use, nil), (.check, nil): throw .closed
      }
    }
  }

  private func open(_ grant: Machine.Grant, _ context: CallContext) throws(LeaseFailure) -> Lease {
    let began = environment.now()
    let limit = began.addingClamped(connectTimeout)
    let ownLimit = context.deadline.map { limit <= $0 } ?? true
    let connection: AnyObject
    do {
      connection = try factory.open(context.ending(by: limit))
    } catch {
      let waiter = locked {
        counts.openFailures &+= 1
        return deliver(machine.openFailed(grant))
      }
      waiter?.parking.wake()
      throw meaning(of: error, ownLimit)
    }
    let now = environment.now()
    let chance = environment.random()
    let isWanted = locked {
      guard machine.opened(grant, now: now, chance: chance) else { return false }
      while connections.count <= grant.place { connections.append(nil) }
      connections[grant.place] = connection
      counts.opened &+= 1
      return true
    }
    guard isWanted else {
      factory.closeAny(connection)
      throw .closed
    }
    tell(.connectionOpened(elapsed: now.since(began)))
    return Lease(connection: connection, isReused: false, number: grant.number)
  }

  /// How opening failed, as far as the breaker may know: that the pool's own limit passed is the backend's failure, that
  /// the call's shorter one passed is nobody's.
  private func meaning(of failure: AttemptFailure, _ ownLimit: Bool) -> LeaseFailure {
    switch failure.kind {
    case .cancelled: .cancelled
    case .timedOut, .deadlineExceeded:
      ownLimit
        ? .openFailed(AttemptFailure(.unreachable, mayHaveApplied: false, cause: failure.cause)) : .deadlineExceeded
    default: .openFailed(failure)
    }
  }

  /// Another connection for one that was found dead.
  private func replace(_ grant: Machine.Grant) -> Step {
    let now = environment.now()
    let step = locked {
      counts.checkFailures &+= 1
      return take(machine.checkFailed(grant, now: now))
    }
    end(step.ended)
    return step
  }

  /// Queues, and returns what the caller was handed.
  private func wait(_ context: CallContext, asked: UInt64) throws(LeaseFailure) -> Step {
    let waiter = PoolWaiter(environment.makeParking())
    let (step, queued) = locked {
      let step = take(machine.lease(waiter, now: asked))
      if step.decision == .wait { counts.waits &+= 1 }
      return (step, machine.waitingCount)
    }
    end(step.ended)
    // Something came back between asking and queueing.
    if step.decision != .wait { return step }
    tell(.poolExhausted(waiting: queued, limit: hardLimit))

    let limit = min(asked.addingClamped(waitTimeout), context.deadline ?? .max)
    var reason = WakeReason.woken
    var isHanded = false
    repeat {
      reason = waiter.parking.park(until: limit, cancel: context.cancel)
      isHanded = locked { waiter.decision != nil }
    } while !isHanded && reason == .woken
    return try leave(waiter, reason, context, asked: asked)
  }

  /// Ends a wait. What was handed at the very moment the waiter was cancelled, or ran out of time, goes to the next one.
  private func leave(
    _ waiter: PoolWaiter, _ reason: WakeReason, _ context: CallContext, asked: UInt64
  ) throws(LeaseFailure) -> Step {
    let now = environment.now()
    let interruption: LeaseFailure? =
      reason == .cancelled || context.cancel?.isCancelled == true
      ? .cancelled : (context.deadline ?? .max) <= now ? .deadlineExceeded : nil
    let (step, next) = locked {
      counts.waitNanoseconds &+= now.since(asked)
      guard let decision = waiter.decision else {
        _ = machine.giveUp(waiter)
        counts.timeouts &+= 1
        return (nil as Step?, nil as PoolWaiter?)
      }
      if interruption == nil { return (take((decision, [])), nil) }
      counts.timeouts &+= 1
      let (next, ended) = passOn(decision, now)
      return (Step(decision: .closed, connection: nil, ended: ended), next)
    }
    next?.parking.wake()
    end(step?.ended ?? [])
    if let interruption { throw interruption }
    guard let step else { throw .poolTimeout }
    return step
  }

  // MARK: - Under the lock

  private func passOn(_ handed: Machine.Decision, _ now: UInt64) -> (PoolWaiter?, [Ended]) {
    switch handed {
    case .open(let grant): return (deliver(machine.openFailed(grant)), [])
    case .use(let grant), .check(let grant):
      let (handover, endings) = machine.giveBack(grant.number, reusable: true, now: now)
      return (deliver(handover), take(endings))
    case .wait, .closed: return (nil, [])
    }
  }

  private func deliver(_ handover: Machine.Handover?) -> PoolWaiter? {
    handover?.waiter.decision = handover?.decision
    return handover?.waiter
  }

  private func take(_ endings: [Machine.Ending]) -> [Ended] {
    var ended: [Ended] = []
    for ending in endings where connections.indices.contains(ending.place) {
      guard let connection = connections[ending.place] else { continue }
      connections[ending.place] = nil
      counts.ended &+= 1
      ended.append((ending.place, connection, ending.reason))
    }
    return ended
  }

  private func take(_ taken: (decision: Machine.Decision, endings: [Machine.Ending])) -> Step {
    // Before a connection is looked up: the place of one that ended may have been granted anew.
    let ended = take(taken.endings)
    switch taken.decision {
    case .use(let grant), .check(let grant):
      let connection = connections.indices.contains(grant.place) ? connections[grant.place] : nil
      return Step(decision: taken.decision, connection: connection, ended: ended)
    case .open, .wait, .closed: return Step(decision: taken.decision, connection: nil, ended: ended)
    }
  }

  private func locked<Result>(_ body: () -> Result) -> Result {
    lock.withLock {
      if epoch != processEpoch { startAnew() }
      return body()
    }
  }

  /// In a forked child: what was open belongs to the parent, and who leased or waited did not come along.
  private func startAnew() {
    epoch = processEpoch
    for case let connection? in connections {
      factory.abandonAny(connection)
      counts.ended &+= 1
    }
    connections = []
    machine.forget()
  }

  // MARK: - Outside the lock

  /// Closes connections, and hands their places to those who wait.
  private func end(_ ended: [Ended]) {
    if ended.isEmpty { return }
    for connection in ended {
      factory.closeAny(connection.connection)
      tell(.connectionClosed(reason: connection.reason))
    }
    let waiters = locked { machine.ended(ended.map(\.place)).compactMap { deliver($0) } }
    for waiter in waiters { waiter.parking.wake() }
  }

  private func tell(_ event: @autoclosure () -> ResilienceEvent) {
    guard let events else { return }
    let event = event()
    if events.wants(event.level) { events.emit(event) }
  }
}

/// Somebody in a pool's queue.
final class PoolWaiter: Equatable {
  let parking: any Parking
  /// What it was handed; under the pool's lock.
  var decision: PoolStateMachine<PoolWaiter>.Decision?

  init(_ parking: any Parking) { self.parking = parking }

  static func == (left: PoolWaiter, right: PoolWaiter) -> Bool { left === right }
}

extension ConnectionFactory {
  // For a pool, which hands back what the same factory opened.
  fileprivate func checkAny(_ connection: AnyObject) -> Bool { check(unsafeDowncast(connection, to: Connection.self)) }
  fileprivate func closeAny(_ connection: AnyObject) { close(unsafeDowncast(connection, to: Connection.self)) }
  fileprivate func abandonAny(_ connection: AnyObject) { abandon(unsafeDowncast(connection, to: Connection.self)) }
}
