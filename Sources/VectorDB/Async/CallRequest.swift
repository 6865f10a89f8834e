import Resilience
import Support
import VectorModel

/// An asynchronous call from its submission to the end of its answer.
///
/// It is under way, then has ended or was cancelled, whichever comes first and once and for all. Only the thread that ends it
/// tells its receiver, so that happens once, and never after a cancel that succeeded. Thread-safe.
package final class CallRequest: CancelObserver, @unchecked Sendable {
  private static let underWay: UInt64 = 0
  private static let ended: UInt64 = 1
  private static let cancelled: UInt64 = 2

  /// Guards the answers of all requests: held for nanoseconds.
  private static let answers = Lock(.leaf)

  private let state = AtomicWord(CallRequest.underWay)
  private let lane: Lane
  private let deadline: UInt64?
  private let inputs: CallInputs
  private let call = LaneCall()
  /// What is to be done and who is told. Touched before the call gets into the lane, and by whoever takes it out.
  private var body: (() throws(VectorError) -> CallAnswer)?
  private var receive: (() -> Void)?
  /// Why the call failed, for its receiver. As `answer` written by the thread that ends the call, before it says so; afterwards
  /// it stays, and the answer is under the lock.
  package private(set) var failure: VectorError?
  private var answer = CallAnswer.nothing
  private var isTaken = false

  package init(_ work: QueuedWork) {
    lane = work.lane
    deadline = work.deadline
    inputs = work.inputs
    body = work.body
  }

  /// Queues the call. `receive` runs when it has ended, on the thread that ended it. Once. Errors: `overloaded`,
  /// `outOfMemory`; then it never runs.
  package func submit(_ receive: @escaping () -> Void) throws(VectorError) {
    self.receive = receive
    inputs.named?.observe(self)
    do throws(LaneRefusal) { try lane.submit(call, deadline: deadline, bytes: inputs.bytes) { self.perform() } } catch {
      abandon()
      throw VectorError(error)
    }
    // A cancel between the first look and the queue found nothing there.
    if inputs.named?.isCancelled ?? false { cancelRaised() }
    if state.load() == Self.cancelled, lane.withdraw(call) { abandon() }
  }

  // MARK: - Ending

  private func perform() {
    let (body, receive) = (body, receive)
    defer { abandon() }
    guard let body, state.load() == Self.underWay else { return }
    do throws(VectorError) {
      answer = try body()
      if case .report(let outcome) = answer { failure = outcome.partialFailure }
    } catch { failure = error }
    if state.exchange(Self.underWay, for: Self.ended) {
      receive?()
    } else {
      // Cancelled meanwhile: nobody will ask for it.
      answer = .nothing
    }
  }

  /// Ends the request so that its receiver never runs; the work ends when it notices. False when it has ended before.
  package func cancel() -> Bool {
    guard state.exchange(Self.underWay, for: Self.cancelled) else { return false }
    if lane.withdraw(call) { abandon() } else { inputs.cancel.cancel() }
    return true
  }

  /// The caller's token is up: whatever the call waits for, a thread among it, has an end.
  package func cancelRaised() {
    inputs.cancel.cancel()
    lane.hasten(call)
  }

  /// Lets go of a call that will not run, or has run.
  private func abandon() {
    inputs.named?.stopObserving(self)
    (body, receive) = (nil, nil)
  }

  // MARK: - Afterwards

  /// Throws what the call threw, or why it has no outcome.
  package func check() throws(VectorError) {
    switch state.load() {
    case Self.ended: if let failure { throw failure }
    case Self.cancelled: throw VectorError(.cancelled, "the request was cancelled")
    default: throw VectorError(.invalidArgument, "the request has not ended yet: wait for its done")
    }
  }

  /// Looks at the answer of a call that succeeded. `part` is nil for answers of another kind.
  package func look<Part>(_ expected: StaticString, _ part: (CallAnswer) -> Part?) throws(VectorError) -> Part {
    try check()
    return try pick(expected, part, taking: false).part
  }

  /// Takes the answer out, once: then `hand` has it, unless it throws.
  package func take<Part, Handed>(
    _ expected: StaticString, _ part: (CallAnswer) -> Part?, _ hand: (Part) throws(VectorError) -> Handed
  ) throws(VectorError) -> Handed {
    // A write that failed in part has a report, which says so.
    do throws(VectorError) { try check() } catch { if error.status != .partial { throw error } }
    let found = try pick(expected, part, taking: true)
    do throws(VectorError) { return try hand(found.part) } catch {
      Self.answers.withLock { (answer, isTaken) = (found.whole, false) }
      throw error
    }
  }

  private func pick<Part>(
    _ expected: StaticString, _ part: (CallAnswer) -> Part?, taking: Bool
  ) throws(VectorError) -> (part: Part, whole: CallAnswer) {
    try Self.answers.withLock { () throws(VectorError) in
      if isTaken { throw VectorError(.notFound, "the answer of this request was taken before") }
      let whole = answer
      guard let found = part(whole) else {
        throw VectorError(.invalidArgument, "the call of this request gives \(whole.name), not \(expected)")
      }
      if taking { (answer, isTaken) = (.nothing, true) }
      return (found, whole)
    }
  }
}

extension VectorError {
  /// Why an asynchronous call was not queued.
  fileprivate init(_ refusal: LaneRefusal) {
    switch refusal {
    case .full(let limit):
      self.init(.overloaded, "\(limit) asynchronous calls wait for this backend already, more are not taken")
    case .heavy(let limit):
      self.init(
        .overloaded, "asynchronous calls that wait for this backend hold more than \(limit) bytes already")
    case .noThread: self.init(.outOfMemory, "the system refuses a thread for asynchronous calls")
    case .closed: self.init(.closed, "the database was closed before")
    }
  }
}
