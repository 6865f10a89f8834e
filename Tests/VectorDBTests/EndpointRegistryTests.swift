import Resilience
import Support
import Testing

@testable import VectorDB

@Suite struct EndpointRegistryTests {
  private func endpoint(_ identity: ConnectionIdentity) -> Endpoint<NoConnections> {
    Endpoint(identity: identity.bytes, connections: NoConnections(), environment: SystemEnvironment.shared)
  }

  private func identity(_ fields: [ConnectionIdentity.Field: String]) -> ConnectionIdentity {
    var identity = ConnectionIdentity(backend: .pgvector)
    for (field, value) in fields { identity[field] = ByteString(value) }
    return identity
  }

  @Test func whoMaySharesAndWhoMayNotDoesNot() {
    let registry = EndpointRegistry()
    let own = identity([.host: "db", .user: "ann", .credential: "s3cret"])
    let first = registry.endpoint(own) { endpoint(own) }
    #expect(registry.endpoint(own) { endpoint(own) } === first)
    for field in ConnectionIdentity.Field.allCases {
      var other = own
      other[field] = ByteString("another")
      #expect(registry.endpoint(other) { endpoint(other) } !== first, "\(field)")
    }
    var absent = own
    absent[.credential] = nil
    var empty = own
    empty[.credential] = ByteString("")
    #expect(absent != empty)
  }

  @Test func fieldsCannotBeMistakenForEachOther() {
    #expect(identity([.user: "a", .credential: "bc"]).bytes != identity([.user: "ab", .credential: "c"]).bytes)
    #expect(identity([.user: "a4:tls"]).bytes != identity([.user: "a", .tls: ""]).bytes)
    // The same letters in two normal forms are two users.
    #expect(identity([.user: "caf\u{e9}"]) != identity([.user: "cafe\u{301}"]))
  }

  @Test func anEndpointEndsWithItsLastUser() {
    let registry = EndpointRegistry()
    let own = identity([.host: "db"])
    do {
      let used = registry.endpoint(own) { endpoint(own) }
      #expect(registry.count == 1)
      withExtendedLifetime(used) {}
    }
    #expect(registry.count == 0)
    var made = 0
    _ = registry.endpoint(own) {
      made += 1
      return endpoint(own)
    }
    #expect(made == 1)
  }

  @Test func manyThreadsGetOne() {
    let registry = EndpointRegistry()
    let own = identity([.host: "db"])
    let keep = registry.endpoint(own) { endpoint(own) }
    let different = AtomicWord(0)
    WorkerPool.shared.run(tasks: 1000, threads: 4) { _ in
      if registry.endpoint(own, make: { endpoint(own) }) !== keep { different.add(1) }
    }
    #expect(different.load() == 0)
  }
}
