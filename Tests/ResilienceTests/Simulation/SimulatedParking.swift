import Resilience
import Support

/// A place to wait in the simulation.
final class SimulatedParking: Parking, CancelObserver, @unchecked Sendable {
  private let environment: SimulatedEnvironment
  // Owned by whoever runs.
  private var isWoken = false
  private var waiter: SimulatedEnvironment.Strand?

  init(_ environment: SimulatedEnvironment) { self.environment = environment }

  func park(until deadline: UInt64?, cancel: CancelToken?) -> WakeReason {
    environment.maybeYield()
    cancel?.observe(self)
    defer { cancel?.stopObserving(self) }
    while true {
      if isWoken {
        isWoken = false
        return .woken
      }
      if let cancel, cancel.isCancelled { return .cancelled }
      if let deadline, environment.timeWithoutEffect >= deadline { return .deadlineReached }
      environment.wait(until: deadline) { waiter = $0 }
      waiter = nil
    }
  }

  func wake() {
    isWoken = true
    if let waiter { environment.makeReady(waiter) }
    environment.maybeYield()
  }

  func cancelRaised() {
    if let waiter { environment.makeReady(waiter) }
  }
}
