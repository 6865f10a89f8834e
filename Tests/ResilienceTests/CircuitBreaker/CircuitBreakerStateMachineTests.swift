import Testing

@testable import Resilience

/// One breaker on a clock of its own; starts at an hour, so that nothing depends on zero.
private final class Bench {
  var machine: CircuitBreakerStateMachine
  var now: UInt64 = 3_600_000_000_000

  init(_ change: (inout CircuitBreakerSettings) -> Void = { _ in }) {
    var settings = CircuitBreakerSettings()
    change(&settings)
    machine = CircuitBreakerStateMachine(settings, now: now)
  }

  func wait(_ seconds: Double) { now += UInt64(seconds * 1e9) }

  func acquire() -> CircuitBreakerStateMachine.Permission { machine.acquire(now: now) }

  /// One attempt that is permitted and ends at once; false when it is refused.
  @discardableResult
  func attempt(_ verdict: AttemptFailure.Kind.Verdict, isSlow: Bool = false, random: UInt64 = 1 << 63) -> Bool {
    guard case .permitted(let generation) = machine.acquire(now: now) else { return false }
    machine.record(.init(verdict, isSlow: isSlow), generation: generation, now: now, random: random)
    return true
  }

  /// Fails until the breaker opens, one attempt a second.
  func breakIt() {
    for _ in 0..<10 {
      wait(1)
      attempt(.failure)
    }
  }
}

@Suite struct CircuitBreakerStateMachineTests {
  @Test func opensAtHalfOfAHundredAttempts() {
    let bench = Bench()
    for number in 0..<99 {
      bench.wait(0.1)
      bench.attempt(number % 2 == 0 ? .failure : .success)
    }
    #expect(bench.machine.state == .closed)
    bench.wait(0.1)
    bench.attempt(.failure)
    #expect(bench.machine.state == .open)
  }

  @Test func staysClosedBelowHalfHoweverLong() {
    let bench = Bench()
    for number in 0..<20_000 {
      bench.wait(0.02)
      bench.attempt(number * 49 % 100 < 49 ? .failure : .success)
      #expect(bench.machine.state == .closed)
    }
  }

  @Test func whatIsOlderThanTheWindowDoesNotCount() {
    let bench = Bench()
    for _ in 0..<60 { bench.attempt(.failure) }
    bench.attempt(.success)
    bench.wait(31)
    for _ in 0..<61 { bench.attempt(.success) }
    for _ in 0..<39 { bench.attempt(.failure) }
    #expect(bench.machine.counts.calls == 100)
    #expect(bench.machine.counts.failures == 39)
    #expect(bench.machine.state == .closed)
  }

  @Test(arguments: [(9, 60.0, false), (10, 4.9, false), (10, 5.0, true), (11, 5.0, true)])
  func opensAfterTenInARowOnlyWhenTheLastSuccessIsFiveSecondsAgo(count: Int, seconds: Double, opens: Bool) {
    let bench = Bench()
    bench.attempt(.success)
    bench.wait(seconds)
    for _ in 0..<count { bench.attempt(.failure) }
    #expect((bench.machine.state == .open) == opens)
  }

  @Test func aSuccessTellsAgainFromTheStart() {
    let bench = Bench()
    for _ in 0..<10 {
      bench.wait(6)
      for _ in 0..<9 { bench.attempt(.failure) }
      bench.attempt(.success)
    }
    #expect(bench.machine.state == .closed)
    #expect(bench.machine.consecutiveFailures == 0)
  }

  @Test func whatSaysNothingCountsNowhere() {
    let bench = Bench()
    bench.wait(60)
    for _ in 0..<1000 { bench.attempt(.neither) }
    #expect(bench.machine.counts.calls == 0)
    #expect(bench.machine.state == .closed)
  }

  @Test func opensForThirtySecondsMoreOrLess() {
    for (random, seconds) in [(UInt64(0), 27.0), (1 << 63, 30), (.max, 33)] {
      let bench = Bench()
      bench.wait(6)
      for _ in 0..<10 { bench.attempt(.failure, random: random) }
      #expect(bench.machine.state == .open)
      bench.wait(seconds - 0.001)
      #expect(!bench.attempt(.success))
      bench.wait(0.002)
      #expect(bench.attempt(.success))
      #expect(bench.machine.state == .halfOpen)
    }
  }

  @Test func saysHowLongItWillRefuse() {
    let bench = Bench()
    bench.breakIt()
    bench.wait(10)
    guard case .refused(let retryAfter?) = bench.acquire() else {
      Issue.record("not refused")
      return
    }
    #expect(retryAfter == 20_000_000_000)
  }

  @Test func threeSuccessesCloseAndTheWindowStartsAnew() {
    let bench = Bench()
    bench.breakIt()
    bench.wait(31)
    for expected in [CircuitState.halfOpen, .halfOpen, .closed] {
      #expect(bench.attempt(.success))
      #expect(bench.machine.state == expected)
    }
    #expect(bench.machine.counts.calls == 0)
    bench.attempt(.failure)
    #expect(bench.machine.state == .closed)
  }

  @Test func eachFailedRecoveryDoublesTheOpenTimeUpToTheCap() {
    let bench = Bench()
    bench.breakIt()
    for seconds in [30.0, 60, 120, 240, 300, 300, 300] {
      bench.wait(seconds - 0.01)
      #expect(!bench.attempt(.success))
      bench.wait(0.02)
      #expect(bench.attempt(.failure))
      #expect(bench.machine.state == .open)
    }
    // Once closed, it starts from the beginning.
    bench.wait(301)
    for _ in 0..<3 { bench.attempt(.success) }
    bench.breakIt()
    bench.wait(30.1)
    #expect(bench.attempt(.success))
  }

  @Test func permitsSoManyAtATimeWhileHalfOpen() {
    let bench = Bench { $0.halfOpenCalls = 2 }
    bench.breakIt()
    bench.wait(31)
    let first = bench.acquire()
    let second = bench.acquire()
    #expect(first == second)
    #expect(bench.acquire() == .refused(retryAfter: nil))
    guard case .permitted(let generation) = first else { return }
    // An attempt that came to nothing gives its permit back and leaves the state alone.
    bench.machine.record(.init(.neither), generation: generation, now: bench.now, random: 0)
    #expect(bench.acquire() == first)
    #expect(bench.acquire() == .refused(retryAfter: nil))
    #expect(bench.machine.state == .halfOpen)
  }

  @Test func resultsThatReturnAfterAChangeAreIgnored() {
    let bench = Bench()
    guard case .permitted(let old) = bench.acquire() else { return }
    bench.breakIt()
    bench.wait(31)
    #expect(bench.attempt(.success))
    for _ in 0..<5 { bench.machine.record(.init(.success), generation: old, now: bench.now, random: 0) }
    #expect(bench.machine.state == .halfOpen)
    bench.machine.record(.init(.failure), generation: old, now: bench.now, random: 0)
    #expect(bench.machine.state == .halfOpen)
  }

  @Test func byHandItStaysAsItWasPut() {
    let bench = Bench()
    bench.machine.force(.open, now: bench.now)
    bench.wait(100_000)
    #expect(bench.acquire() == .refused(retryAfter: nil))
    bench.machine.force(.closed, now: bench.now)
    bench.wait(10)
    for _ in 0..<1000 { #expect(bench.attempt(.failure)) }
    #expect(bench.machine.state == .closed)
    bench.machine.force(nil, now: bench.now)
    #expect(bench.machine.state == .closed)
    bench.breakIt()
    #expect(bench.machine.state == .open)
    bench.machine.force(nil, now: bench.now)
    #expect(bench.machine.state == .closed)
  }

  @Test func turnedOffItNeverOpensByItself() {
    let bench = Bench { $0.enabled = false }
    bench.breakIt()
    #expect(bench.machine.state == .closed)
    bench.machine.force(.open, now: bench.now)
    #expect(bench.machine.state == .open)
    bench.machine.force(nil, now: bench.now)
    bench.breakIt()
    #expect(bench.machine.state == .closed)
  }

  @Test func slowAnswersOpenWhereAsked() {
    for (limit, opens) in [(Duration.zero, false), (.seconds(1), true)] {
      let bench = Bench { $0.slowCallDuration = limit }
      for number in 0..<100 { bench.attempt(.success, isSlow: number % 10 < 8) }
      bench.attempt(.success, isSlow: true)
      #expect((bench.machine.state == .open) == opens)
    }
  }

  @Test func aSlowAnswerDoesNotCloseAHalfOpenCircuit() {
    let bench = Bench { $0.slowCallDuration = .seconds(1) }
    bench.breakIt()
    bench.wait(31)
    bench.attempt(.success, isSlow: true)
    #expect(bench.machine.state == .open)
  }

  @Test func aCountWindowJudgesTheLastSoMany() {
    let bench = Bench {
      $0.window = .count
      $0.windowCalls = 20
      $0.consecutiveFailures = 0
    }
    for _ in 0..<9 { bench.attempt(.failure) }
    bench.wait(100_000)
    for _ in 0..<11 { bench.attempt(.success) }
    #expect(bench.machine.counts.failures == 9)
    // Each further attempt pushes the oldest out: nine failures leave as nine come in.
    for _ in 0..<9 { bench.attempt(.failure) }
    #expect(bench.machine.counts.calls == 20)
    #expect(bench.machine.counts.failures == 9)
    #expect(bench.machine.state == .closed)
    bench.attempt(.failure)
    #expect(bench.machine.state == .open)
  }

  @Test func successesToldInBulkCountLikeSingleOnes() {
    let single = Bench()
    let bulk = Bench()
    var random: UInt64 = 42
    for _ in 0..<3000 {
      random = mix(random)
      let seconds = Double(random % 100) / 100
      let successes = Int(random >> 32 % 4)
      single.wait(seconds)
      bulk.wait(seconds)
      for _ in 0..<successes { single.attempt(.success) }
      single.machine.absorb(0, latest: 0, now: single.now)
      bulk.machine.absorb(0, latest: 0, now: bulk.now)
      bulk.machine.absorb(successes, latest: bulk.now, now: bulk.now)
      if random % 3 == 0 {
        single.attempt(.failure)
        bulk.attempt(.failure)
      }
      #expect(single.machine.counts == bulk.machine.counts)
      #expect(single.machine.state == bulk.machine.state)
      #expect(single.machine.consecutiveFailures == bulk.machine.consecutiveFailures)
    }
  }
}
