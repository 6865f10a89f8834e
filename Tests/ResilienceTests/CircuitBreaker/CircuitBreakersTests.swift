import Support
import Testing

@testable import Resilience

@Suite struct CircuitBreakersTests {
  private let environment = SteppedEnvironment()
  private let breakers: CircuitBreakers

  init() {
    environment.chance = 1 << 63
    breakers = CircuitBreakers(CircuitBreakerSettings(), environment)
  }

  /// One attempt; false when it is refused.
  @discardableResult
  private func attempt(_ requestClass: RequestClass, _ failure: AttemptFailure.Kind?) -> Bool {
    let permission = breakers.acquire(requestClass, now: environment.now()) { _ in }
    guard case .permitted(let ticket) = permission else { return false }
    breakers.record(requestClass, ticket, failure: failure, elapsed: 0, now: environment.now()) { _ in }
    return true
  }

  private func fail(_ requestClass: RequestClass, _ kind: AttemptFailure.Kind, times: Int = 10) {
    for _ in 0..<times {
      environment.advance(.seconds(1))
      attempt(requestClass, kind)
    }
  }

  private var states: [CircuitState] { RequestClass.allCases.map(breakers.state) }

  @Test func aClassOpensAlone() {
    fail(.write, .unavailable)
    #expect(states == [.closed, .open, .closed])
    #expect(breakers.worstState == .open)
    #expect(attempt(.read, nil))
    #expect(!attempt(.write, nil))
  }

  @Test func aHostThatCannotBeReachedOpensAllThree() {
    fail(.read, .unreachable)
    #expect(states == [.open, .open, .open])
    environment.advance(.seconds(31))
    for _ in 0..<3 { #expect(attempt(.read, nil)) }
    // Those who never met the trouble do not have to recover from it.
    #expect(states == [.closed, .closed, .closed])
  }

  /// The other classes must see the successes of the busy one, too.
  @Test func aHostThatIsMostlyReachedOpensNothing() {
    for number in 0..<5000 {
      environment.advance(.milliseconds(10))
      attempt(.read, number % 10 < 3 ? .unreachable : nil)
    }
    #expect(states == [.closed, .closed, .closed])
    #expect(breakers.status(.read).failures > 800)
    #expect(breakers.status(.write).calls == 0)
  }

  @Test func answersOfAnyKindShowThatTheHostIsReached() {
    for kind in [AttemptFailure.Kind.refused, .conflicted] {
      fail(.write, .unreachable, times: 9)
      environment.advance(.seconds(1))
      attempt(.read, kind)
      fail(.write, .unreachable, times: 1)
      #expect(breakers.state(.read) == .closed)
      breakers.force(nil) { _ in }
    }
  }

  @Test func successesWithoutALockAreCountedInTheirWindow() {
    for _ in 0..<40 {
      for _ in 0..<50 { attempt(.read, nil) }
      environment.advance(.seconds(1))
    }
    let status = breakers.status(.read)
    // The last thirty seconds, to a thirtieth: the present second is empty.
    #expect(status.calls >= 29 * 50 && status.calls <= 30 * 50)
    #expect(status.failures == 0)
  }

  @Test func aSuccessWithoutALockEndsARowOfFailures() {
    fail(.read, .unavailable, times: 9)
    environment.advance(.seconds(1))
    attempt(.read, nil)
    fail(.read, .unavailable, times: 9)
    #expect(breakers.state(.read) == .closed)
    #expect(breakers.status(.read).consecutiveFailures == 9)
    fail(.read, .unavailable, times: 1)
    #expect(breakers.state(.read) == .open)
  }

  @Test func changesAreToldOnceAndAsAttemptsMeetThem() {
    var changes: [BreakerChange] = []
    func attempt(_ failure: AttemptFailure.Kind?) {
      let permission = breakers.acquire(.read, now: environment.now()) { changes.append($0) }
      guard case .permitted(let ticket) = permission else { return }
      breakers.record(.read, ticket, failure: failure, elapsed: 0, now: environment.now()) { changes.append($0) }
    }
    for _ in 0..<20 {
      environment.advance(.seconds(1))
      attempt(.unavailable)
    }
    #expect(changes == [BreakerChange(requestClass: .read, from: .closed, to: .open)])
    environment.advance(.seconds(40))
    for _ in 0..<3 { attempt(nil) }
    #expect(
      changes.dropFirst() == [
        BreakerChange(requestClass: .read, from: .open, to: .halfOpen),
        BreakerChange(requestClass: .read, from: .halfOpen, to: .closed),
      ])
  }

  @Test func byHandAllThreeObey() {
    breakers.force(.open) { _ in }
    #expect(states == [.open, .open, .open])
    #expect(!attempt(.control, nil))
    environment.advance(.seconds(100_000))
    #expect(!attempt(.control, nil))
    #expect(breakers.status(.control).isForced)
    breakers.force(.closed) { _ in }
    fail(.read, .unreachable, times: 500)
    #expect(states == [.closed, .closed, .closed])
    breakers.force(nil) { _ in }
    fail(.read, .unreachable)
    #expect(states == [.open, .open, .open])
    #expect(breakers.status(.read).retryAfter == 30_000_000_000)
  }

  @Test func aPermitOfOneMachineIsGivenBackWhenTheOtherRefuses() {
    fail(.read, .unavailable)
    fail(.write, .unreachable)
    environment.advance(.seconds(61))
    // The write holds the one permit of reachability, so that reads are refused although their own machine has one.
    let permission = breakers.acquire(.write, now: environment.now()) { _ in }
    guard case .permitted(let ticket) = permission else {
      Issue.record("the write was refused")
      return
    }
    for _ in 0..<5 { #expect(!attempt(.read, nil)) }
    breakers.record(.write, ticket, failure: nil, elapsed: 0, now: environment.now()) { _ in }
    for _ in 0..<3 { #expect(attempt(.read, nil)) }
    #expect(breakers.state(.read) == .closed)
  }

  /// The healthy path must lose no success and let nobody in beside the rules.
  @Test func threadsCountTogether() {
    let breakers = CircuitBreakers(CircuitBreakerSettings(), SystemEnvironment.shared)
    runThreads(4) { _ in
      for number in 0..<10_000 {
        let now = SystemEnvironment.shared.now()
        guard case .permitted(let ticket) = breakers.acquire(.read, now: now, report: { _ in }) else { continue }
        let failure: AttemptFailure.Kind? = number % 10 == 0 ? .unavailable : nil
        breakers.record(.read, ticket, failure: failure, elapsed: 0, now: now) { _ in }
      }
    }
    let status = breakers.status(.read)
    #expect(status.calls == 40_000)
    #expect(status.failures == 4000)
    #expect(status.state == .closed)
  }
}
