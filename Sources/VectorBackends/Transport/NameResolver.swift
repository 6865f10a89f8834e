import CSupport
import Resilience
import Support
import VectorModel

/// Finds the addresses of a host within a call's deadline, although the system's resolver cannot be interrupted.
///
/// It blocks on a thread of the library that may outlive the call; who asks for a name that is being looked up waits for the
/// same answer, so a resolver that hangs holds one thread for each name. Addresses given in numbers take no thread.
package final class NameResolver: @unchecked Sendable {
  package static let shared = NameResolver(SystemEnvironment.shared)

  /// Why there is no address.
  package enum Failure: Error {
    /// The system's words for it.
    case unknownHost(String)
    case interrupted(CallContext.Interruption)
  }

  /// One look-up and who waits for it.
  private final class Lookup {
    var answer: Result<[String], Failure>?
    var waiting: [any Parking] = []
  }

  private let environment: any Environment
  private let lock = Lock(.leaf)
  // Under the lock.
  private var lookups: [ByteString: Lookup] = [:]
  private var epoch = processEpoch

  package init(_ environment: any Environment) { self.environment = environment }

  /// Addresses in numbers, at least one, in the order to try them.
  package func addresses(of host: String, _ context: CallContext) throws(Failure) -> [String] {
    if Self.isNumeric(host) { return [host] }
    let parking = environment.makeParking()
    let (lookup, isNew) = lock.withLock { join(ByteString(host), parking) }
    if isNew { start(host, lookup) }
    while true {
      if let answer = lock.withLock({ lookup.answer }) { return try answer.get() }
      let reason = parking.park(until: context.deadline, cancel: context.cancel)
      if reason == .woken { continue }
      lock.withLock { lookup.waiting.removeAll { $0 === parking } }
      throw .interrupted(reason == .cancelled ? .cancelled : .deadlineExceeded)
    }
  }

  /// Whether the text is an address already.
  static func isNumeric(_ host: String) -> Bool {
    // A colon is in no name.
    if host.utf8.contains(0x3A) { return true }
    let parts = host.utf8.split(separator: 0x2E, omittingEmptySubsequences: false)
    return parts.count == 4
      && parts.allSatisfy { part in
        part.count < 4 && UInt8(String(decoding: part, as: UTF8.self)) != nil
      }
  }

  /// The look-up of a name, with the caller among those who wait. In a forked child those of the parent have no thread.
  private func join(_ host: ByteString, _ parking: any Parking) -> (Lookup, isNew: Bool) {
    if epoch != processEpoch {
      epoch = processEpoch
      lookups = [:]
    }
    if let running = lookups[host] {
      running.waiting.append(parking)
      return (running, false)
    }
    let lookup = Lookup()
    lookup.waiting.append(parking)
    lookups[host] = lookup
    return (lookup, true)
  }

  private func start(_ host: String, _ lookup: Lookup) {
    nonisolated(unsafe) let lookup = lookup
    let isStarted = environment.start("vdb-resolve") { self.end(host, lookup, Self.resolve(host)) }
    if !isStarted { end(host, lookup, .failure(.unknownHost("the system refuses a thread to look it up"))) }
  }

  private func end(_ host: String, _ lookup: Lookup, _ answer: Result<[String], Failure>) {
    let waiting = lock.withLock {
      lookup.answer = answer
      let key = ByteString(host)
      if lookups[key] === lookup { lookups[key] = nil }
      return lookup.waiting
    }
    for parking in waiting { parking.wake() }
  }

  private static func resolve(_ host: String) -> Result<[String], Failure> {
    let size = Int(VDB_MAX_ADDRESSES * VDB_ADDRESS_SIZE)
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { buffer in
      buffer.initialize(repeating: 0)
      guard let base = buffer.baseAddress else { return .failure(.unknownHost("out of memory")) }
      let count = host.withCString { vdb_resolve($0, base) }
      guard count > 0 else { return .failure(.unknownHost(String(cString: vdb_resolve_error(count)))) }
      return .success((0..<Int(count)).map { String(cString: base + $0 * Int(VDB_ADDRESS_SIZE)) })
    }
  }
}
