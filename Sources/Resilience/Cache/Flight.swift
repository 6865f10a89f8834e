import Support

/// One piece of work under way that several callers wait for: one of them leads and does it, the others follow.
///
/// All but `wait` under the lock of whoever owns it; the followers it returns are woken after the lock is given back. When the
/// leader fails, the follower who waits longest leads.
package final class Flight<Value> {
  /// One follower.
  package final class Follower {
    package enum State {
      case waiting
      /// The work is done.
      case served(Value)
      /// The leader failed: this one does the work now, or hands it on when it cannot.
      case appointed
    }

    let parking: any Parking
    fileprivate(set) var state = State.waiting

    init(parking: any Parking) { self.parking = parking }
  }

  private var followers: [Follower] = []

  package init() {}

  package func join(_ parking: any Parking) -> Follower {
    let follower = Follower(parking: parking)
    followers.append(follower)
    return follower
  }

  /// The work is done: everybody gets the value.
  package func land(_ value: Value) -> [Follower] {
    defer { followers = [] }
    for follower in followers { follower.state = .served(value) }
    return followers
  }

  /// The leader gave up. Who leads now, nil when nobody waits and the flight is over.
  package func appoint() -> Follower? {
    guard !followers.isEmpty else { return nil }
    let next = followers.removeFirst()
    next.state = .appointed
    return next
  }
}

extension Flight {
  /// How waiting for a flight ended.
  package enum Arrival {
    case served(Value)
    /// The leader failed: this caller does the work now.
    case leads
    /// Its own time was over first.
    case interrupted(CallContext.Interruption)
  }

  /// Waits as a follower, within its own context. Without `lock`, which guards this flight.
  ///
  /// - Parameter giveUp: under the lock, when the lead came to a follower who cannot take it: appoints another one, or ends
  ///   the flight.
  package func wait(
    _ follower: Follower, _ lock: Lock, _ context: CallContext, giveUp: () -> Follower?
  ) -> Arrival {
    while true {
      let reason = follower.parking.park(until: context.deadline, cancel: context.cancel)
      var next: Follower?
      let arrival = lock.withLock { () -> Arrival? in
        switch follower.state {
        case .served(let value): return .served(value)
        case .appointed where reason == .woken: return .leads
        case .appointed: next = giveUp()
        case .waiting where reason == .woken: return nil
        case .waiting: followers.removeAll { $0 === follower }
        }
        return .interrupted(reason == .cancelled ? .cancelled : .deadlineExceeded)
      }
      next?.parking.wake()
      if let arrival { return arrival }
    }
  }
}

extension Flight.Follower: @unchecked Sendable where Value: Sendable {}
extension Flight: @unchecked Sendable where Value: Sendable {}
