import Resilience
import Support
import VectorModel

/// One server to try: what libpq is told instead of `host`, `hostaddr` and `port`.
struct PostgresAddress: Equatable {
  /// The name as it was given, which certificates and password files go by; a list where libpq is to choose.
  var host: String?
  /// In numbers; nil for a local socket.
  var address: String?
  var port: String?
}

extension PostgresSettings {
  /// The servers to try, in order. Names are looked up here, so that libpq need not, who would block.
  ///
  /// One after the other, so that one that does not answer leaves time for the next; all at once where libpq has to choose among
  /// them (`target_session_attrs`). Errors: `unreachable` when no name is known, interruptions.
  func addresses(_ resolver: NameResolver, _ context: CallContext) throws(AttemptFailure) -> [PostgresAddress] {
    if self["hostaddr"] != nil {
      return [PostgresAddress(host: self["host"], address: self["hostaddr"], port: self["port"])]
    }
    guard let hosts = self["host"], !hosts.isEmpty else {
      return [PostgresAddress(host: nil, address: nil, port: self["port"])]
    }
    let names = Self.list(hosts)
    let ports = self["port"].map(Self.list) ?? []
    var found: [PostgresAddress] = []
    var lastFailure: AttemptFailure?
    for (place, name) in names.enumerated() {
      let port = ports.count == 1 ? ports[0] : place < ports.count ? ports[place] : nil
      if name.isEmpty || name.hasPrefix("/") || name.hasPrefix("@") {
        found.append(PostgresAddress(host: name, address: nil, port: port))
        continue
      }
      do throws(NameResolver.Failure) {
        for address in try resolver.addresses(of: name, context) {
          found.append(PostgresAddress(host: name, address: address, port: port))
        }
      } catch {
        lastFailure = try Self.failure(error, host: name)
      }
    }
    if found.isEmpty, let lastFailure { throw lastFailure }
    return choosesItself ? [Self.joined(found)] : found
  }

  /// Whether libpq picks a server by what it finds there.
  private var choosesItself: Bool { self["target_session_attrs"].map { $0 != "any" } ?? false }

  /// The failure of one look-up; that the call ends is thrown at once.
  private static func failure(_ failure: NameResolver.Failure, host: String) throws(AttemptFailure) -> AttemptFailure {
    switch failure {
    case .interrupted(let interruption): throw AttemptFailure(interruption, mayHaveApplied: false)
    case .unknownHost(let reason):
      return AttemptFailure(
        .unreachable, mayHaveApplied: false,
        cause: VectorError(.unavailable, "cannot find the host \(quoted(host)): \(reason)"))
    }
  }

  private static func list(_ text: String) -> [String] {
    text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  /// Several servers as the lists that libpq reads.
  private static func joined(_ all: [PostgresAddress]) -> PostgresAddress {
    if all.count == 1 { return all[0] }
    return PostgresAddress(
      host: all.map { $0.host ?? "" }.joined(separator: ","),
      address: all.map { $0.address ?? "" }.joined(separator: ","),
      port: all.map { $0.port ?? "" }.joined(separator: ","))
  }
}

extension AttemptFailure {
  /// A call that ended by itself.
  init(_ interruption: CallContext.Interruption, mayHaveApplied: Bool) {
    self.init(
      interruption == .cancelled ? .cancelled : .timedOut, mayHaveApplied: mayHaveApplied,
      cause: interruption == .cancelled
        ? VectorError(interruption) : VectorError(.timeout, "the server did not answer in time"))
  }
}
