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
  /// Runs that have not ended.
  @exclusivity(unchecked) private var alive = 0
  /// The caller waits no longer.
  @exclusivity(unchecked) private var isOver = false
  /// Runs of all calls whose callers wait no longer.
  private let leftBehind: AtomicWord

  init(
    environment: any Environment, context: CallContext, leftBehind: AtomicWord,
    body: @escaping @Sendable (CallContext) throws(Failure) -> Success
  ) {
    self.environment = environment
    self.context = context
    self.leftBehind = leftBehind
    self.body = body
    parking = environment.makeParking()
  }

  var outcome: Race.Outcome? { lock.withLock { race.outcome } }

  /// Starts a run on a thread of its own; false when the race is over or the system refuses a thread.
  func start(_ run: Race.Run) -> Bool {
    let open = lock.withLock { () -> Bool in
      guard race.isOpen else { return false }
      if run == .second { race.secondStarted() }
      alive += 1
      return true
    }
    if !open { return false }
    if environment.start("vectordb-read", { self.perform(run) }) { return true }
    lock.withLock {
      alive -= 1
      if run == .second { race.secondRefused() }
    }
    parking.wake()
    return false
  }

  /// The caller leaves: what still runs is cancelled and ends alone.
  func leave() {
    let left = lock.withLock { () -> Int in
      isOver = true
      return alive
    }
    if left > 0 { leftBehind.add(UInt64(left)) }
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
    let wasLeftBehind = lock.withLock { () -> Bool in
      race.ended(run, result)
      alive -= 1
      return isOver
    }
    if wasLeftBehind { leftBehind.add(.max) } else { parking.wake() }
  }
}
