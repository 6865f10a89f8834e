import Support
import Testing

@testable import Resilience

@Suite struct SystemEnvironmentTests {
  private let environment = SystemEnvironment.shared

  private func sleep(_ duration: Duration) {
    _ = environment.makeParking().park(until: environment.now() + duration.nanoseconds, cancel: nil)
  }

  @Test func waitsUntilTheDeadlineAndNoLonger() {
    let start = environment.now()
    let reason = environment.makeParking().park(until: start + 20_000_000, cancel: nil)
    #expect(reason == .deadlineReached)
    #expect(environment.now() >= start + 20_000_000)
  }

  @Test func aWakeUpThatCameBeforeIsKept() {
    let parking = environment.makeParking()
    parking.wake()
    #expect(parking.park(until: 0, cancel: nil) == .woken)
    #expect(parking.park(until: 0, cancel: nil) == .deadlineReached)
  }

  @Test func aTokenThatIsRaisedAlreadyEndsTheWaitAtOnce() {
    let token = CancelToken()
    token.cancel()
    #expect(environment.makeParking().park(until: nil, cancel: token) == .cancelled)
  }

  @Test func wakesWhoWaitsWithoutADeadline() {
    let parking = environment.makeParking()
    runThreads(2) { thread in
      if thread == 0 {
        #expect(parking.park(until: nil, cancel: CancelToken()) == .woken)
      } else {
        sleep(.milliseconds(5))
        parking.wake()
      }
    }
  }

  /// Whatever the order of wait and cancel: the waiter returns, and without polling.
  @Test func aCancelAlwaysReachesTheWaiter() {
    for round in 0..<500 {
      let token = CancelToken()
      let parking = environment.makeParking()
      runThreads(2) { thread in
        if thread == 0 {
          #expect(parking.park(until: nil, cancel: token) == .cancelled)
        } else {
          if round % 3 == 0 { sleep(.microseconds(100)) }
          token.cancel()
        }
      }
    }
  }

  @Test func aLateCancelLeavesNoWakeUpBehind() {
    let parking = SystemParking()
    parking.cancelRaised()
    #expect(parking.park(until: 0, cancel: nil) == .deadlineReached)
  }

  @Test func randomNumbersDoNotRepeat() {
    var seen: Set<UInt64> = []
    for _ in 0..<10_000 { seen.insert(environment.random()) }
    #expect(seen.count == 10_000)
  }
}
