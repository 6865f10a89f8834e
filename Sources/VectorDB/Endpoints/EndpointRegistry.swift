import Resilience
import Support

/// The endpoints of this process, one for each connection identity, so that databases which may share connections do, and
/// with them the breakers, budget and limits.
///
/// An endpoint lives as long as a database uses it; the registry only knows it. Any thread.
final class EndpointRegistry: @unchecked Sendable {
  static let shared = EndpointRegistry()

  private struct Entry {
    weak var endpoint: AnyObject?
  }

  private let lock = Lock(.leaf)
  private var entries: [ConnectionIdentity: Entry] = [:]

  init() {}

  /// The endpoint of that identity, made when there is none. `make` runs outside the lock, so another thread may be faster:
  /// what was made in vain is let go of before it connected anywhere.
  func endpoint<C: Connections>(_ identity: ConnectionIdentity, make: () -> Endpoint<C>) -> Endpoint<C> {
    if let known: Endpoint<C> = lock.withLock({ find(identity) }) { return known }
    let made = make()
    return lock.withLock {
      if let known: Endpoint<C> = find(identity) { return known }
      // A moment to forget those that nobody uses any more.
      entries = entries.filter { $0.value.endpoint != nil }
      entries[identity] = Entry(endpoint: made)
      return made
    }
  }

  /// Endpoints in use.
  var count: Int { lock.withLock { entries.values.count { $0.endpoint != nil } } }

  private func find<C: Connections>(_ identity: ConnectionIdentity) -> Endpoint<C>? {
    entries[identity]?.endpoint as? Endpoint<C>
  }
}
