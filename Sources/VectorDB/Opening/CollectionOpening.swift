import Resilience
import Support
import VectorBackends
import VectorModel

/// Opens the collection of a database once: with the database, or with the first call that needs it (`connect: lazy`).
///
/// One thread opens, others wait for it within their own bounds. What failed is tried again by the next call. Afterwards asking
/// costs one atomic load.
final class CollectionOpening: @unchecked Sendable {
  private let backend: any VectorBackend
  private let request: OpenRequest
  private let environment: any Environment
  /// The shape in a word, 0 until it is known: dimensions in the low half, the metric's number plus one above.
  private let known = AtomicWord(0)
  private let lock = Lock(.leaf)
  // Under the lock.
  private var isOpening = false
  private var waiters: [any Parking] = []
  private var epoch = processEpoch

  init(_ backend: any VectorBackend, _ request: OpenRequest, environment: any Environment) {
    self.backend = backend
    self.request = request
    self.environment = environment
  }

  /// The shape, where the collection has been opened.
  var shape: CollectionShape? {
    let word = known.load()
    guard word != 0 else { return nil }
    return CollectionShape(
      dimensions: Int(truncatingIfNeeded: word & 0xffff_ffff), metric: Metric.allCases[Int(word >> 32) - 1])
  }

  /// Opens the collection unless it is open. Errors: those of `VectorBackend.open`, `cancelled`, `timeout`.
  func open(_ context: CallContext) throws(VectorError) -> CollectionShape {
    while true {
      if let shape { return shape }
      guard let parking = queue() else { return try openNow(context) }
      let reason = parking.park(until: context.deadline, cancel: context.cancel)
      if reason != .woken, let interruption = context.interruption() { throw VectorError(interruption) }
    }
  }

  /// A place to wait while another thread opens; nil when this one is to do it.
  private func queue() -> (any Parking)? {
    lock.withLock {
      if epoch != processEpoch {
        // In a forked child the thread that was opening does not exist.
        (epoch, isOpening, waiters) = (processEpoch, false, [])
      }
      guard isOpening else {
        isOpening = true
        return nil
      }
      let parking = environment.makeParking()
      waiters.append(parking)
      return parking
    }
  }

  private func openNow(_ context: CallContext) throws(VectorError) -> CollectionShape {
    defer {
      let woken = lock.withLock {
        isOpening = false
        defer { waiters = [] }
        return waiters
      }
      for waiter in woken { waiter.wake() }
    }
    let shape = try backend.open(request, context: context)
    let number = (Metric.allCases.firstIndex(of: shape.metric) ?? 0) + 1
    known.store(UInt64(number) << 32 | UInt64(shape.dimensions))
    return shape
  }
}
