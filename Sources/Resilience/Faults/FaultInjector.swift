import Support

/// Plays the trouble that `fault_injection` asks for, in place of a backend's `send` or around it.
package final class FaultInjector: Sendable {
  private let plan: FaultPlan
  private let environment: any Environment
  private let start: UInt64
  private let number = AtomicWord(0)

  /// Time for outages runs from here.
  package init(_ settings: FaultSettings, _ environment: any Environment) {
    plan = FaultPlan(settings)
    self.environment = environment
    start = environment.now()
  }

  /// The fault of the next attempt, nil for none. Attempts are numbered in the order in which they ask.
  package func next() -> InjectedFault? {
    let now = environment.now()
    return plan.fault(number.add(1), elapsed: now > start ? now - start : 0)
  }

  /// Plays a fault around `send`, within the context. The cause of what it throws is the fault itself.
  package func play(
    _ fault: InjectedFault, _ context: CallContext, _ send: () throws(AttemptFailure) -> Void
  ) throws(AttemptFailure) {
    if fault.delay > 0 { try wait(until: environment.now().addingClamped(fault.delay), fault, context) }
    switch fault.ending {
    case .untouched, .partial: try send()
    case .error: throw AttemptFailure(.unavailable, mayHaveApplied: false, cause: fault)
    case .throttle: throw AttemptFailure(.throttled, mayHaveApplied: false, cause: fault)
    case .unreachable: throw AttemptFailure(.unreachable, mayHaveApplied: false, cause: fault)
    case .stall:
      try wait(until: .max, fault, context)
      throw AttemptFailure(.timedOut, mayHaveApplied: true, cause: fault)
    case .lostReply:
      try send()
      throw AttemptFailure(.broken, mayHaveApplied: true, cause: fault)
    }
  }

  private func wait(until end: UInt64, _ fault: InjectedFault, _ context: CallContext) throws(AttemptFailure) {
    let limit = min(end, context.deadline ?? .max)
    let parking = environment.makeParking()
    while environment.now() < limit {
      if parking.park(until: limit, cancel: context.cancel) == .cancelled {
        throw AttemptFailure(.cancelled, mayHaveApplied: fault.ending == .stall, cause: fault)
      }
    }
    if limit < end { throw AttemptFailure(.timedOut, mayHaveApplied: fault.ending == .stall, cause: fault) }
  }
}
