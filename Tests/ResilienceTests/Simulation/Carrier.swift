import CSupport
import CTestSupport
import Support

/// A real thread that simulated threads run on, one after the other. Thousands of simulations share a few.
final class Carrier: @unchecked Sendable {
  private static let lock = Lock()
  nonisolated(unsafe) private static var free: [Carrier] = []

  let gate = Gate()
  /// Set before the gate is opened for the first time.
  private var body: (() -> Void)?

  /// A carrier that runs `body` once its gate is open.
  static func take(_ body: @escaping () -> Void) -> Carrier {
    let carrier = lock.withLock { free.popLast() } ?? Carrier()
    carrier.body = body
    return carrier
  }

  private init() {
    let opaque = Unmanaged.passRetained(self).toOpaque()
    let refused = vdb_thread_start(
      { carrier in
        guard let carrier else { return }
        Unmanaged<Carrier>.fromOpaque(carrier).takeUnretainedValue().serve()
      }, opaque, "simulated")
    if refused != 0 { fatalError("no thread for the simulation: \(refused)") }
  }

  private func serve() {
    // Only one carrier of a simulation runs at a time: handing over on one processor is several times cheaper.
    test_stay_on_one_processor()
    while true {
      gate.pass()
      let body = self.body
      self.body = nil
      body?()
    }
  }

  /// Called on the carrier as the last thing a body does.
  func giveBack() { Carrier.lock.withLock { Carrier.free.append(self) } }
}
