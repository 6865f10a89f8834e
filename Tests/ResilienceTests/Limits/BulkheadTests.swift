import Support
import Testing

@testable import Resilience

/// So many at a time, the others in order, and no place lost or doubled.
@Suite struct BulkheadTests {
  @Test func nobodyEntersPastAQueue() {
    var state = BulkheadState()
    let entered = (0..<3).map { _ in state.enter(limit: 2) }
    #expect(entered == [true, true, false])
    let joined = (0..<2).map { _ in state.join(limit: 1) }
    #expect(joined == [true, false], "the queue is full")
    let leftEarly = state.leave()
    #expect(!leftEarly, "the place belongs to whoever waits")
    let handed = state.unjoin()
    #expect(handed)
    #expect(state.inside == 2)
    let left = (0..<3).map { _ in state.leave() }
    #expect(left == [true, true, false])
    #expect(state == BulkheadState())
  }

  @Test func placesAreNeitherLostNorDoubled() {
    simulate(1000) { simulation in BulkheadScenario(simulation).run() }
  }

  @Test func whoCameFirstGoesFirst() {
    simulate(100) { simulation in
      guard let bulkhead = Bulkhead(BulkheadSettings(maxConcurrent: 1), simulation.environment) else { return }
      let order = Order()
      try? bulkhead.enter(.unbounded)
      simulation.together(
        (0..<6).map { index -> @Sendable () -> Void in
          {
            if index == 5 {
              simulation.environment.sleep(100_000_000)
              return bulkhead.leave()
            }
            simulation.environment.sleep(UInt64(index + 1) * 10_000_000)
            try? bulkhead.enter(.unbounded)
            order.entered.append(index)
            bulkhead.leave()
          }
        })
      simulation.check(order.entered == [0, 1, 2, 3, 4], "\(order.entered)")
    }
  }

  private final class Order: @unchecked Sendable { var entered: [Int] = [] }
}

private final class BulkheadScenario: @unchecked Sendable {
  private let simulation: Simulation
  private let settings: BulkheadSettings
  private var inside = 0
  private var entered = 0

  init(_ simulation: Simulation) {
    self.simulation = simulation
    settings = BulkheadSettings(
      maxConcurrent: simulation.chance.one(of: [1, 2, 4]), maxWaiting: simulation.chance.one(of: [0, 1, 100]),
      maxWait: simulation.chance.one(of: [.zero, .milliseconds(5), .seconds(5)]))
  }

  func run() {
    guard let bulkhead = Bulkhead(settings, simulation.environment) else { return }
    simulation.together((0..<8).map { _ in { self.caller(bulkhead) } })
    let stats = bulkhead.stats
    simulation.check(stats.inside == 0 && stats.waiting == 0, "\(stats) although everybody has left")
    simulation.check(inside == 0, "\(inside) inside")
    simulation.check(entered > 0, "nobody ever entered")
  }

  private func caller(_ bulkhead: Bulkhead) {
    let environment = simulation.environment
    for _ in 0..<8 {
      environment.sleep(simulation.chance.exponential(mean: 3_000_000))
      let cancel = simulation.chance.happens(0.3) ? CancelToken() : nil
      if let cancel {
        let after = simulation.chance.below(5_000_000)
        _ = environment.start("canceller") {
          environment.sleep(after)
          cancel.cancel()
        }
      }
      let began = environment.now()
      let deadline = simulation.chance.happens(0.3) ? began + simulation.chance.below(5_000_000) : nil
      do throws(AdmissionFailure) {
        try bulkhead.enter(CallContext(deadline: deadline, cancel: cancel))
        inside += 1
        entered += 1
        simulation.check(inside <= settings.maxConcurrent ?? 0, "\(inside) inside at once")
        environment.sleep(simulation.chance.exponential(mean: 2_000_000))
        inside -= 1
        bulkhead.leave()
      } catch {
        let limit = min(deadline ?? .max, began + settings.maxWait.nanoseconds)
        simulation.check(environment.timeWithoutEffect <= limit + 3_000_000, "\(error), but too late")
        if error == .cancelled { simulation.check(cancel?.isCancelled == true, "cancelled by nobody") }
      }
    }
  }
}
