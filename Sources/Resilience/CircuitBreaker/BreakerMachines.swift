/// The four state machines of an endpoint and how they act together; `CircuitBreakers` says why there are four.
struct BreakerMachines {
  private var classes: [CircuitBreakerStateMachine]
  private var reachability: CircuitBreakerStateMachine

  init(_ settings: CircuitBreakerSettings, now: UInt64) {
    let machine = CircuitBreakerStateMachine(settings, now: now)
    classes = RequestClass.allCases.map { _ in machine }
    reachability = machine
  }

  func state(_ requestClass: RequestClass) -> CircuitState {
    let own = own(requestClass).state
    return own.rawValue >= reachability.state.rawValue ? own : reachability.state
  }

  var states: [CircuitState] { RequestClass.allCases.map(state) }

  func changes(since before: [CircuitState]) -> [BreakerChange] {
    zip(RequestClass.allCases, before).compactMap { requestClass, old in
      let new = state(requestClass)
      return new == old ? nil : BreakerChange(requestClass: requestClass, from: old, to: new)
    }
  }

  func ticket(_ requestClass: RequestClass) -> BreakerTicket {
    BreakerTicket(
      own: own(requestClass).generation, reachability: reachability.generation, isClosed: state(requestClass) == .closed
    )
  }

  /// 0 when an attempt may be permitted, the largest number while the circuit is open by hand.
  func refusedUntil(_ requestClass: RequestClass) -> UInt64 {
    let own = own(requestClass)
    if own.forced == .open { return .max }
    return max(own.opensUntil ?? 0, reachability.opensUntil ?? 0)
  }

  var endOfPart: UInt64 { classes.reduce(reachability.endOfPart) { min($0, $1.endOfPart) } }

  mutating func acquire(_ requestClass: RequestClass, now: UInt64) -> CircuitBreakers.Permission {
    switch classes[requestClass.rawValue].acquire(now: now) {
    case .refused(let retryAfter): return .refused(retryAfter: retryAfter)
    case .permitted(let own):
      switch reachability.acquire(now: now) {
      case .permitted: return .permitted(ticket(requestClass))
      case .refused(let retryAfter):
        classes[requestClass.rawValue].record(.init(.neither), generation: own, now: now, random: 0)
        return .refused(retryAfter: retryAfter)
      }
    }
  }

  mutating func record(
    _ requestClass: RequestClass, _ ticket: BreakerTicket, failure: AttemptFailure.Kind?, isSlow: Bool, now: UInt64,
    random: UInt64
  ) {
    classes[requestClass.rawValue].record(
      .init(failure?.verdict ?? .success, isSlow: isSlow), generation: ticket.own, now: now, random: random)
    guard ticket.reachability == reachability.generation & 0x7fff_ffff else { return }
    reachability.record(
      .init(Self.reached(failure)), generation: reachability.generation, now: now, random: random)
  }

  mutating func absorb(_ requestClass: RequestClass, _ count: Int, latest: UInt64, now: UInt64) {
    classes[requestClass.rawValue].absorb(count, latest: latest, now: now)
  }

  mutating func absorbReached(_ count: Int, latest: UInt64, now: UInt64) {
    reachability.absorb(count, latest: latest, now: now)
  }

  mutating func force(_ state: CircuitState?, now: UInt64) {
    for index in classes.indices { classes[index].force(state, now: now) }
    reachability.force(state, now: now)
  }

  mutating func forgetPermitted() {
    for index in classes.indices { classes[index].forgetPermitted() }
    reachability.forgetPermitted()
  }

  func status(_ requestClass: RequestClass, now: UInt64) -> CircuitBreakerStatus {
    let own = own(requestClass)
    let until = refusedUntil(requestClass)
    return CircuitBreakerStatus(
      state: state(requestClass), isForced: own.forced != nil, calls: own.counts.calls, failures: own.counts.failures,
      slowCalls: own.counts.slow, consecutiveFailures: own.consecutiveFailures,
      openings: max(own.openings, reachability.openings),
      retryAfter: until == .max || until <= now ? nil : until - now)
  }

  private func own(_ requestClass: RequestClass) -> CircuitBreakerStateMachine { classes[requestClass.rawValue] }

  /// What an attempt's end says about whether the endpoint can be reached.
  private static func reached(_ failure: AttemptFailure.Kind?) -> AttemptFailure.Kind.Verdict {
    switch failure {
    case nil, .broken, .unavailable, .conflicted, .refused: .success
    case .unreachable: .failure
    case .staleConnection, .timedOut, .throttled, .cancelled, .deadlineExceeded: .neither
    }
  }
}
