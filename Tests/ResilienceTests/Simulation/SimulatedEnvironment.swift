import Resilience
import Support

/// A world in which one thread runs at a time and the seed says which.
///
/// The threads are real, so what they run is the code that ships. Each gives control away where it waits, and by chance
/// where it asks for the time or a random number or wakes another; the seed chooses who goes on. When nobody can, the clock
/// jumps to the earliest deadline, so a simulated hour costs nothing. The same seed gives the same run.
final class SimulatedEnvironment: Environment, @unchecked Sendable {
  /// How a run goes on.
  struct Rules: Sendable {
    /// Probability that a thread is interrupted where it might be.
    var preemption = 0.1
    /// Nanoseconds at most that pass between two questions for the time.
    var drift: UInt64 = 1000
    /// Waits end at multiples of so many nanoseconds: with a coarse one, deadlines, cancels and wake-ups fall on one moment
    /// all the time, which is where races are.
    var grain: UInt64 = 1
    /// Turns after which a run counts as going round in circles.
    var turnLimit = 20_000_000
  }

  /// A simulated thread.
  final class Strand {
    let number: Int
    var carrier: Carrier?
    var body: (@Sendable () -> Void)?
    /// Counts waits, so that a deadline of an earlier wait is recognised.
    var wait = 0
    var isReady = true

    init(_ number: Int, _ body: @escaping @Sendable () -> Void) {
      self.number = number
      self.body = body
    }
  }

  private let rules: Rules
  private let done = Gate()
  // Whoever runs owns all of the following; handing over orders the accesses.
  private var schedule: SeededRandom
  private var numbers: SeededRandom
  private var time: UInt64 = 1_000_000_000
  private var running: Strand?
  private var ready: [Strand] = []
  private var deadlines = DeadlineHeap()
  private var alive = 0
  private var started = 0
  private(set) var turns = 0
  /// A hash of who ran when: two runs with the same value went the same way.
  private(set) var trace: UInt64 = 0xcbf2_9ce4_8422_2325
  private var failure: String?

  init(seed: UInt64, rules: Rules = Rules()) {
    self.rules = rules
    schedule = SeededRandom(seed, stream: 1)
    numbers = SeededRandom(seed, stream: 2)
  }

  /// Runs `body` as the first thread and returns when all threads have ended: nil, or why that never happened.
  func run(_ body: @escaping @Sendable () -> Void) -> String? {
    _ = start("first", body)
    resumeNext()
    // Real time: somebody waits for something that is not part of the simulation.
    if !done.pass(seconds: 120) {
      return "a thread waits outside of the simulation; is a lock held while the time is asked or somebody waits?"
    }
    return failure
  }

  // MARK: - Environment

  func now() -> UInt64 {
    if running != nil {
      if rules.drift > 0 { time += schedule.below(rules.drift) }
      maybeYield()
    }
    return time
  }

  func random() -> UInt64 {
    maybeYield()
    return numbers.next()
  }

  func makeParking() -> any Parking { SimulatedParking(self) }

  func start(_ name: StaticString, _ body: @escaping @Sendable () -> Void) -> Bool {
    let strand = Strand(started, body)
    started += 1
    alive += 1
    ready.append(strand)
    return true
  }

  // MARK: - For simulated threads

  /// Lets time pass.
  func sleep(_ nanoseconds: UInt64) { _ = makeParking().park(until: time.addingClamped(nanoseconds), cancel: nil) }

  /// Puts something into the trace.
  func note(_ word: UInt64) { trace = (trace ^ word) &* 0x100_0000_01b3 }

  /// Interrupts the running thread by chance.
  func maybeYield() {
    guard let running, rules.preemption > 0, schedule.happens(rules.preemption) else { return }
    ready.append(running)
    running.isReady = true
    handOver(from: running)
  }

  // MARK: - For parkings

  /// The running thread waits, at most until `deadline`, for somebody to call `makeReady`.
  func wait(until deadline: UInt64?, _ register: (Strand) -> Void) {
    guard let running else { fatalError("a thread that is not simulated waits in the simulation") }
    running.wait += 1
    running.isReady = false
    if let deadline {
      let end = deadline.addingClamped(rules.grain - 1) / rules.grain * rules.grain
      deadlines.insert(DeadlineHeap.Entry(time: max(end, deadline), strand: running, wait: running.wait))
    }
    register(running)
    handOver(from: running)
  }

  func makeReady(_ strand: Strand) {
    if strand.isReady { return }
    strand.isReady = true
    ready.append(strand)
  }

  var timeWithoutEffect: UInt64 { time }

  // MARK: - Turns

  private func handOver(from strand: Strand) {
    guard let next = choose() else {
      // The run has failed. Nobody will open this gate again: the thread is lost.
      strand.carrier?.gate.pass()
      return
    }
    if next === strand {
      running = strand
      return
    }
    resume(next)
    strand.carrier?.gate.pass()
  }

  private func resumeNext() {
    if let next = choose() { resume(next) }
  }

  private func resume(_ strand: Strand) {
    running = strand
    if let carrier = strand.carrier {
      carrier.gate.open()
      return
    }
    let carrier = Carrier.take { [self] in begin(strand) }
    strand.carrier = carrier
    carrier.gate.open()
  }

  /// A thread's life, on its carrier.
  private func begin(_ strand: Strand) {
    strand.body?()
    strand.body = nil
    alive -= 1
    note(UInt64(strand.number) | 1 << 63)
    running = nil
    let carrier = strand.carrier
    strand.carrier = nil
    carrier?.giveBack()
    if alive == 0 { done.open() } else { resumeNext() }
  }

  /// Who runs next; nil when the run has failed.
  private func choose() -> Strand? {
    turns += 1
    if turns > rules.turnLimit { return fail("no end after \(turns) turns") }
    while true {
      while let due = deadlines.removeFirst(notAfter: time) {
        if due.wait == due.strand.wait { makeReady(due.strand) }
      }
      if !ready.isEmpty { break }
      guard let next = deadlines.first else {
        return fail("deadlock: \(alive) threads wait for each other")
      }
      time = max(time, next.time)
    }
    let index = Int(schedule.below(UInt64(ready.count)))
    let strand = ready[index]
    ready.swapAt(index, ready.count - 1)
    ready.removeLast()
    strand.isReady = true
    note(UInt64(strand.number) ^ time << 8)
    return strand
  }

  private func fail(_ why: String) -> Strand? {
    failure = why + " at \(Double(time) / 1e9) s"
    running = nil
    done.open()
    return nil
  }
}
