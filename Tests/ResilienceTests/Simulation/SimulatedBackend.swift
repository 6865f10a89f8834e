import Resilience
import Support

/// A backend as it appears to `send`: answers, late, wrongly or not at all, as its weather says.
final class SimulatedBackend: @unchecked Sendable {
  /// Rates are parts of the attempts.
  struct Weather: Sendable {
    var latency: UInt64 = 5_000_000
    var unavailable = 0.0
    var throttled = 0.0
    var conflicted = 0.0
    var refused = 0.0
    /// The connection breaks before the answer.
    var broken = 0.0
    /// No answer ever.
    var stalled = 0.0
    /// What a throttled or unavailable answer asks to wait.
    var retryAfter: UInt64?
  }

  private unowned let simulation: Simulation
  var weather = Weather()
  /// Requests that arrived.
  private(set) var requests = 0

  init(_ simulation: Simulation) { self.simulation = simulation }

  /// How the request ends: nil for an answer. Takes the time that takes.
  func serve(_ connection: SimulatedConnection, _ context: CallContext, isRead: Bool) -> AttemptFailure? {
    requests += 1
    // Known to the client before anything was answered.
    if !connection.isAlive { return failure(.staleConnection, mayHaveApplied: false) }
    let draw = simulation.chance.unit()
    let kinds: [(Double, AttemptFailure.Kind)] = [
      (weather.stalled, .timedOut), (weather.unavailable, .unavailable), (weather.throttled, .throttled),
      (weather.conflicted, .conflicted), (weather.refused, .refused), (weather.broken, .broken),
    ]
    var end = 0.0
    let kind = kinds.first {
      end += $0.0; return draw < end
    }?.1
    let time = kind == .timedOut ? UInt64.max : simulation.chance.exponential(mean: weather.latency)
    let environment = simulation.environment
    let arrival = environment.now().addingClamped(time)
    let limit = min(arrival, context.deadline ?? .max)
    let reason = environment.makeParking().park(until: limit, cancel: context.cancel)
    if reason == .cancelled { return failure(.cancelled, mayHaveApplied: true) }
    if limit < arrival { return failure(.timedOut, mayHaveApplied: true) }
    if kind == .broken || !connection.isAlive {
      connection.isAlive = false
      return failure(.broken, mayHaveApplied: true)
    }
    return kind.map { failure($0, mayHaveApplied: false) }
  }

  private func failure(_ kind: AttemptFailure.Kind, mayHaveApplied: Bool) -> AttemptFailure {
    let asks = kind == .throttled || kind == .unavailable
    return AttemptFailure(
      kind, mayHaveApplied: mayHaveApplied, retryAfter: asks ? weather.retryAfter : nil, cause: Trouble(kind: kind))
  }

  struct Trouble: Error { let kind: AttemptFailure.Kind }
}
