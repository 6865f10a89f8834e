import Resilience
import Support

/// What a simulated connection can lose.
final class SimulatedConnection: @unchecked Sendable {
  let number: Int
  var isAlive = true
  var isClosed = false
  /// Leases that hold it now; more than one is what must never be.
  var holders = 0

  init(_ number: Int) { self.number = number }
}

/// Opens simulated connections, slowly and not always, and watches what becomes of them.
final class SimulatedFactory: ConnectionFactory, @unchecked Sendable {
  struct Weather: Sendable {
    /// Mean of exponentially distributed nanoseconds.
    var openTime: UInt64 = 2_000_000
    var openFailureRate = 0.0
    /// Part of the openings that never answer.
    var openStallRate = 0.0
    /// Nobody is there: refused at once.
    var isDead = false
  }

  struct Refused: Error {}

  /// Told of every opening that failed: for whom, when it began, and whether it ran out of time.
  var openingFailed: (CallContext, _ began: UInt64, _ ranOut: Bool) -> Void = { _, _, _ in }
  private unowned let simulation: Simulation
  private let hardLimit: Int
  var weather = Weather()
  // Owned by whichever simulated thread runs.
  private(set) var opened = 0
  private(set) var closed = 0
  private(set) var abandoned = 0
  private(set) var attempts = 0
  private var opening = 0
  private(set) var connections: [SimulatedConnection] = []

  init(_ simulation: Simulation, hardLimit: Int) {
    self.simulation = simulation
    self.hardLimit = hardLimit
  }

  func open(_ context: CallContext) throws(AttemptFailure) -> SimulatedConnection {
    attempts += 1
    opening += 1
    defer { opening -= 1 }
    simulation.check(opening + opened - closed <= hardLimit, "\(opening) opening, \(opened - closed) open: too many")
    let stalls = simulation.chance.happens(weather.openStallRate)
    let began = simulation.environment.now()
    let time = stalls ? UInt64.max / 2 : simulation.chance.exponential(mean: weather.openTime)
    do throws(AttemptFailure) {
      try pause(time, context)
    } catch {
      openingFailed(context, began, error.kind == .deadlineExceeded)
      throw error
    }
    if weather.isDead || simulation.chance.happens(weather.openFailureRate) {
      openingFailed(context, began, false)
      throw AttemptFailure(.unreachable, mayHaveApplied: false, cause: Refused())
    }
    opened += 1
    let connection = SimulatedConnection(opened)
    connections.append(connection)
    return connection
  }

  func check(_ connection: SimulatedConnection) -> Bool {
    simulation.check(!connection.isClosed, "connection \(connection.number) is checked after it was closed")
    return connection.isAlive
  }

  func close(_ connection: SimulatedConnection) {
    simulation.check(!connection.isClosed, "connection \(connection.number) is closed twice")
    simulation.check(connection.holders == 0, "connection \(connection.number) is closed while somebody uses it")
    connection.isClosed = true
    closed += 1
  }

  func abandon(_ connection: SimulatedConnection) { abandoned += 1 }

  /// Every connection there is stops working, as when a server starts anew.
  func breakAll() { for connection in connections { connection.isAlive = false } }

  /// Takes so long, or fails as a transport does when its context ends.
  private func pause(_ nanoseconds: UInt64, _ context: CallContext) throws(AttemptFailure) {
    let environment = simulation.environment
    let end = environment.now().addingClamped(nanoseconds)
    let limit = min(end, context.deadline ?? .max)
    switch environment.makeParking().park(until: limit, cancel: context.cancel) {
    case .cancelled: throw AttemptFailure(.cancelled, mayHaveApplied: false, cause: Refused())
    case .woken, .deadlineReached: break
    }
    if limit < end { throw AttemptFailure(.deadlineExceeded, mayHaveApplied: false, cause: Refused()) }
  }
}
