import Support

/// How one attempt ended.
enum AttemptEnd {
  case answered
  case failed(AttemptFailure)
  /// It never started.
  case refused(RequestFailure.Reason, retryAfter: UInt64?)
}

extension RequestExecutor {
  /// One attempt, from the breaker to the answer.
  func attempt(
    _ kind: RequestKind, _ context: CallContext, _ machine: inout RetryStateMachine,
    _ send: (AnyObject, CallContext, InjectedFault?) throws(AttemptFailure) -> Void
  ) -> AttemptEnd {
    let now = now()
    if let cancel = context.cancel, cancel.isCancelled { return .refused(.cancelled, retryAfter: nil) }
    if let deadline = context.deadline, now >= deadline { return .refused(.deadlineExceeded, retryAfter: nil) }

    let requestClass = kind.requestClass
    let ticket: BreakerTicket
    if let closed = breakers._withUnsafeGuaranteedRef({ $0.acquireAtOnce(requestClass) }) {
      ticket = closed
    } else {
      switch endpoint.breakers.acquire(requestClass, now: now, report: breakerChanged) {
      case .permitted(let permitted): ticket = permitted
      case .refused(let retryAfter):
        endpoint.counters.circuitRefused()
        return .refused(.circuitOpen, retryAfter: retryAfter)
      }
    }
    if !hasLimits { return leased(kind, context, ticket, &machine, asked: now, send) }
    let ended: AttemptEnd
    do throws(AdmissionFailure) {
      try endpoint.limiter?.enter(context)
      defer { endpoint.limiter?.leave() }
      try endpoint.bulkhead?.enter(context)
      defer { endpoint.bulkhead?.leave() }
      return leased(kind, context, ticket, &machine, asked: now, send)
    } catch {
      switch error {
      case .overloaded(let retryAfter): ended = .refused(.overloaded, retryAfter: retryAfter)
      case .deadlineExceeded: ended = .refused(.deadlineExceeded, retryAfter: nil)
      case .cancelled: ended = .refused(.cancelled, retryAfter: nil)
      }
    }
    record(kind, ticket, .cancelled, since: now)
    return ended
  }

  /// An attempt that was let through: finds it a connection, a second one if the first turns out dead, and sends.
  private func leased(
    _ kind: RequestKind, _ context: CallContext, _ ticket: BreakerTicket, _ machine: inout RetryStateMachine,
    asked: UInt64, _ send: (AnyObject, CallContext, InjectedFault?) throws(AttemptFailure) -> Void
  ) -> AttemptEnd {
    var isReopening = false
    while true {
      let lease: Lease
      do throws(LeaseFailure) {
        lease = try connections.lease(context, fresh: isReopening)
      } catch {
        return notLeased(error, kind, context, ticket, &machine, asked: asked, isCounted: isReopening)
      }
      let began = now()
      if !isReopening {
        attemptStarted(kind, context, &machine)
        if canQueue { context.tally?.add(.queueWait, began > asked ? began - asked : 0) }
      }
      let timeout = kind.requestClass == .read ? readTimeout : writeTimeout
      let end = began.addingClamped(timeout)
      do throws(AttemptFailure) {
        try sent(kind, context.ending(by: end), lease.connection, send)
        connections.giveBack(lease, reusable: true)
        counters._withUnsafeGuaranteedRef { $0.attemptSucceeded() }
        record(kind, ticket, nil, since: began)
        return .answered
      } catch {
        let failure = named(error, kind, context, end)
        connections.giveBack(lease, reusable: failure.kind.keepsConnection)
        if failure.kind == .staleConnection, lease.isReused, !isReopening,
          kind.isIdempotent || !failure.mayHaveApplied
        {
          isReopening = true
          machine.reopened(mayHaveApplied: failure.mayHaveApplied)
          endpoint.counters.connectionReopened()
          continue
        }
        return failed(failure, kind, ticket, machine, since: began)
      }
    }
  }

  /// Ends an attempt that got no connection. `isCounted` when it had begun with another one.
  private func notLeased(
    _ why: LeaseFailure, _ kind: RequestKind, _ context: CallContext, _ ticket: BreakerTicket,
    _ machine: inout RetryStateMachine, asked: UInt64, isCounted: Bool
  ) -> AttemptEnd {
    let reason: RequestFailure.Reason
    switch why {
    case .openFailed(let failure):
      if !isCounted { attemptStarted(kind, context, &machine) }
      return failed(failure, kind, ticket, machine, since: asked)
    case .poolTimeout: reason = .poolTimeout
    case .closed: reason = .closed
    case .deadlineExceeded: reason = .deadlineExceeded
    case .cancelled: reason = .cancelled
    }
    record(kind, ticket, .cancelled, since: asked)
    return .refused(reason, retryAfter: nil)
  }

  private func sent(
    _ kind: RequestKind, _ context: CallContext, _ connection: AnyObject,
    _ send: (AnyObject, CallContext, InjectedFault?) throws(AttemptFailure) -> Void
  ) throws(AttemptFailure) {
    guard let faults, let fault = faults.next() else { return try send(connection, context, nil) }
    if let events, events.wants(.info) { events.emit(.faultInjected(kind, fault: fault.name)) }
    try faults.play(fault, context) { () throws(AttemptFailure) in try send(connection, context, fault) }
  }

  private func attemptStarted(_ kind: RequestKind, _ context: CallContext, _ machine: inout RetryStateMachine) {
    machine.attemptStarted()
    counters._withUnsafeGuaranteedRef { $0.attemptStarted() }
    if let tally = context.tally {
      tally.add(.attempts)
      if machine.attempts > 1 { tally.add(.retries) }
    }
    if let events, events.wants(.debug) { events.emit(.attemptStarted(kind, attempt: machine.attempts)) }
  }

  private func failed(
    _ failure: AttemptFailure, _ kind: RequestKind, _ ticket: BreakerTicket, _ machine: RetryStateMachine,
    since began: UInt64
  ) -> AttemptEnd {
    endpoint.counters.attemptFailed(failure.kind)
    let elapsed = record(kind, ticket, failure.kind, since: began)
    if let events, events.wants(.warning) {
      events.emit(.attemptFailed(kind, attempt: machine.attempts, kind: failure.kind, elapsed: elapsed))
    }
    return .failed(failure)
  }

  /// Tells the breaker; returns how long the attempt took.
  @discardableResult
  private func record(
    _ kind: RequestKind, _ ticket: BreakerTicket, _ failure: AttemptFailure.Kind?, since began: UInt64
  ) -> UInt64 {
    let now = now()
    let elapsed = now > began ? now - began : 0
    if failure == nil {
      let isDone = breakers._withUnsafeGuaranteedRef {
        $0.recordAtOnce(kind.requestClass, ticket, elapsed: elapsed, now: now)
      }
      if isDone { return elapsed }
    }
    endpoint.breakers.record(
      kind.requestClass, ticket, failure: failure, elapsed: elapsed, now: now, report: breakerChanged)
    return elapsed
  }

  /// Tells apart whose time ran out: the attempt's, which speaks against the backend, or the call's own, which does not.
  private func named(
    _ failure: AttemptFailure, _ kind: RequestKind, _ context: CallContext, _ end: UInt64
  ) -> AttemptFailure {
    var name = failure.kind
    if name == .timedOut || name == .deadlineExceeded {
      let callEndsFirst = context.deadline.map { $0 <= end } ?? false
      name = callEndsFirst ? .deadlineExceeded : .timedOut
    }
    let mayHaveApplied = failure.mayHaveApplied && kind.requestClass != .read
    if name == failure.kind, mayHaveApplied == failure.mayHaveApplied { return failure }
    return AttemptFailure(
      name, mayHaveApplied: mayHaveApplied, retryAfter: failure.retryAfter, cause: failure.cause)
  }
}
