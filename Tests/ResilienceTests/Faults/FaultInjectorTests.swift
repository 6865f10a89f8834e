import Support
import Testing

@testable import Resilience

@Suite struct FaultInjectorTests {
  private func settings(_ change: (inout FaultSettings) -> Void) -> FaultSettings {
    var settings = FaultSettings()
    change(&settings)
    return settings
  }

  @Test func nothingAskedIsNothingPlayed() {
    let plan = FaultPlan(FaultSettings())
    #expect((0..<1000).allSatisfy { plan.fault($0, elapsed: 0) == nil })
  }

  @Test func theSameSeedGivesTheSameFaults() {
    func run(_ seed: UInt64) -> [InjectedFault?] {
      let plan = FaultPlan(
        settings {
          $0.seed = seed
          $0.errorRate = 0.3
          $0.latencyMs = 10
          $0.latencyJitter = 0.5
        })
      return (0..<1000).map { plan.fault($0, elapsed: 0) }
    }
    #expect(run(7) == run(7))
    #expect(run(7) != run(8))
  }

  @Test func eachFaultComesAsOftenAsItsRateSays() {
    let plan = FaultPlan(
      settings {
        $0.errorRate = 0.3
        $0.throttleRate = 0.1
        $0.unreachableRate = 0.05
        $0.stallRate = 0.02
        $0.lostReplyRate = 0.15
        $0.partialRate = 0.08
      })
    var counts: [InjectedFault.Ending: Int] = [:]
    let total = 100_000
    for number in 0..<total {
      counts[plan.fault(UInt64(number), elapsed: 0)?.ending ?? .untouched, default: 0] += 1
    }
    let expected: [InjectedFault.Ending: Double] = [
      .error: 0.3, .throttle: 0.1, .unreachable: 0.05, .stall: 0.02, .lostReply: 0.15, .partial: 0.08, .untouched: 0.3,
    ]
    for (ending, rate) in expected {
      #expect(abs(Double(counts[ending] ?? 0) / Double(total) - rate) < 0.006, "\(ending)")
    }
  }

  @Test func latencyVariesByItsShareAndSpikesComeOnTop() {
    let plan = FaultPlan(
      settings {
        $0.latencyMs = 100
        $0.latencyJitter = 0.2
        $0.spikeRate = 0.1
        $0.spikeMs = 1000
      })
    let delays = (0..<10_000).compactMap { plan.fault($0, elapsed: 0)?.delay }
    #expect(delays.count == 10_000)
    let spikes = delays.filter { $0 >= 1_000_000_000 }
    #expect(abs(Double(spikes.count) / 10_000 - 0.1) < 0.015)
    let usual = delays.filter { $0 < 1_000_000_000 }
    #expect(usual.allSatisfy { $0 >= 79_999_999 && $0 <= 120_000_001 })
    #expect((usual.min() ?? 0) < 82_000_000 && (usual.max() ?? 0) > 118_000_000)
  }

  @Test(arguments: [(0, false), (4999, false), (5000, true), (14_999, true), (15_000, false), (60_000, true)])
  func nothingIsReachedDuringAnOutage(milliseconds: UInt64, isDown: Bool) {
    let plan = FaultPlan(
      settings { $0.outages = [.init(afterMs: 5000, forMs: 10_000), .init(afterMs: 60_000, forMs: 1)] })
    let fault = plan.fault(3, elapsed: milliseconds * 1_000_000)
    #expect((fault?.ending == .unreachable) == isDown)
  }

  /// What a fault does to an attempt whose timeout ends in a second.
  private func play(
    _ fault: InjectedFault, _ environment: SteppedEnvironment, cancel: CancelToken? = nil
  ) -> (kind: AttemptFailure.Kind?, isSent: Bool, mayHaveApplied: Bool) {
    var isSent = false
    do throws(AttemptFailure) {
      let injector = FaultInjector(FaultSettings(), environment)
      try injector.play(fault, CallContext(deadline: environment.now() + 1_000_000_000, cancel: cancel)) {
        () throws(AttemptFailure) in isSent = true
      }
      return (nil, isSent, false)
    } catch {
      #expect(error.cause as? InjectedFault == fault)
      return (error.kind, isSent, error.mayHaveApplied)
    }
  }

  @Test(arguments: [
    (InjectedFault.Ending.untouched, nil, true, false), (.partial, nil, true, false),
    (.error, AttemptFailure.Kind.unavailable, false, false), (.throttle, .throttled, false, false),
    (.unreachable, .unreachable, false, false), (.stall, .timedOut, false, true), (.lostReply, .broken, true, true),
  ])
  func endsAttemptsAsItSays(
    ending: InjectedFault.Ending, kind: AttemptFailure.Kind?, isSent: Bool, mayHaveApplied: Bool
  ) {
    let environment = SteppedEnvironment()
    let start = environment.now()
    let result = play(InjectedFault(ending, delay: 50_000_000), environment)
    #expect(result == (kind, isSent, mayHaveApplied))
    #expect(environment.now() - start == (ending == .stall ? 1_000_000_000 : 50_000_000))
  }

  @Test func aDelayEndsWithTheAttempt() {
    let environment = SteppedEnvironment()
    let result = play(InjectedFault(.untouched, delay: 5_000_000_000), environment)
    #expect(result == (.timedOut, false, false))
    #expect(environment.waits == [1_000_000_000])
  }

  @Test func aDelayEndsWithTheCall() {
    let token = CancelToken()
    let environment = SteppedEnvironment()
    environment.onWait = { token.cancel() }
    let result = play(InjectedFault(.untouched, delay: 500_000_000), environment, cancel: token)
    #expect(result == (.cancelled, false, false))
  }

  @Test func ratesThatDoNotAddUpAreRefused() throws {
    var settings = FaultSettings()
    settings.errorRate = 0.6
    settings.throttleRate = 0.5
    #expect(throws: SettingsError.self) { try settings.check() }
    settings.throttleRate = 0.4
    try settings.check()
    settings.spikeRate = 1.5
    let error = #expect(throws: SettingsError.self) { try settings.check() }
    #expect(error?.option == "fault_injection.spike_rate")
    #expect(error?.message == #"option "fault_injection.spike_rate" is 1.5, expected 0.0 to 1.0"#)
  }
}
