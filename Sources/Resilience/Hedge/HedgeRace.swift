/// Which of one or two runs of the same call counts. Pure: what happens comes in, who won comes out.
package struct HedgeRace<Success, Failure: Error> {
  package enum Run: Sendable, Equatable { case first, second }

  package enum Outcome {
    case won(Run, Success)
    /// Every run that was started failed: the failure of the first.
    case lost(Failure)
  }

  private var running = 1
  private var failure: Failure?
  /// What the race came to; nil while it goes on.
  package private(set) var outcome: Outcome?

  package init() {}

  /// Whether a second run still makes sense.
  package var isOpen: Bool { outcome == nil }

  package mutating func secondStarted() { running += 1 }

  /// The second run could not be started after all.
  package mutating func secondRefused() {
    running -= 1
    settle()
  }

  package mutating func ended(_ run: Run, _ result: Result<Success, Failure>) {
    guard outcome == nil else { return }
    running -= 1
    switch result {
    case .success(let value):
      outcome = .won(run, value)
    case .failure(let error):
      if run == .first || failure == nil { failure = error }
      settle()
    }
  }

  private mutating func settle() {
    if running == 0, outcome == nil, let failure { outcome = .lost(failure) }
  }
}
