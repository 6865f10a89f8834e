import Support

/// The runs of one hedged call, alive until the last of them has ended.
final class HedgedCall<Success: Sendable, Failure: Error>: @unchecked Sendable {
  typealias Race = HedgeRace<Success, Failure>

  /// Where the caller waits.
  let parking: any Parking
  private let environment: any Environment
  private let context: CallContext
  private let body: @Sendable (CallContext) throws(Failure) -> Success
  /// A run of its own each, so that one may be stopped and the caller's token stays the caller's.
  private let tokens = (first: CancelToken(), second: CancelToken())

  private let lock = Lock(.leaf)
  @exclusivity(unchecked) private var race = Race()

  init(
    environment: any Environment, context: CallContext,
    body: @escaping @Sendable (CallContext) throws(Failure) -> Success
  ) {
    self.environment = environment
    self.context = context
    self.body = body
    parking = environment.makeParking()
  }

  var outcome: Race.Outcome? { lock.withLock { race.outcome } }

  /// Starts a run on a thread of its own; false when the race is over or the system refuses a thread.
  func start(_ run: Race.Run) -> Bool {
    if run == .second {
      let open = lock.withLock { () -> Bool in
        if race.isOpen { race.secondStarted() }
        return race.isOpen
      }
      if !open { return false }
    }
    if environment.start("vectordb-read", { self.perform(run) }) { return true }
    if run == .second {
      lock.withLock { race.secondRefused() }
      parking.wake()
    }
    return false
  }

  /// Ends what still runs, soon.
  func cancelRuns() {
    tokens.first.cancel()
    tokens.second.cancel()
  }

  private func perform(_ run: Race.Run) {
    let token = run == .first ? tokens.first : tokens.second
    let result: Result<Success, Failure>
    do throws(Failure) {
      result = .success(try body(CallContext(deadline: context.deadline, cancel: token, tally: context.tally)))
    } catch {
      result = .failure(error)
    }
    lock.withLock { race.ended(run, result) }
    parking.wake()
  }
}
