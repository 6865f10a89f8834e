import Support

/// The databases of this process that are open, for what is told of all of them at once.
final class OpenDatabases: @unchecked Sendable {
  static let shared = OpenDatabases()

  private struct Entry {
    weak var core: DatabaseCore?
  }

  private let lock = Lock(.leaf)
  private var entries: [ObjectIdentifier: Entry] = [:]

  func add(_ core: DatabaseCore) { lock.withLock { entries[ObjectIdentifier(core)] = Entry(core: core) } }

  /// Called while the object ends.
  func remove(_ core: DatabaseCore) {
    let key = ObjectIdentifier(core)
    lock.withLock { entries[key] = nil }
  }

  /// All of them, in no order. The last reference to one may be let go of here, so not under the lock.
  var all: [DatabaseCore] {
    lock.withLock { entries.values.map(\.core) }.compactMap { $0 }
  }
}
