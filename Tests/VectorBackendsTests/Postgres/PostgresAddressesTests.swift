import Resilience
import Support
import Testing
import VectorModel

@testable import VectorBackends

@Suite struct PostgresAddressesTests {
  private func addresses(_ parameters: [String: String]) throws -> [PostgresAddress] {
    let settings = PostgresSettings(parameters: parameters.map { PostgresParameter($0.key, $0.value) })
    return try settings.addresses(.shared, .unbounded)
  }

  @Test func eachServerIsTriedByItself() throws {
    let found = try addresses(["host": "127.0.0.1,/run/sockets,10.0.0.9", "port": "1,2,3"])
    #expect(
      found == [
        PostgresAddress(host: "127.0.0.1", address: "127.0.0.1", port: "1"),
        PostgresAddress(host: "/run/sockets", address: nil, port: "2"),
        PostgresAddress(host: "10.0.0.9", address: "10.0.0.9", port: "3"),
      ])
  }

  @Test func onePortIsThatOfAll() throws {
    #expect(try addresses(["host": "127.0.0.1,10.0.0.9", "port": "5"]).map(\.port) == ["5", "5"])
  }

  @Test func libpqChoosesWhereItIsToldHow() throws {
    let found = try addresses(["host": "127.0.0.1,10.0.0.9", "target_session_attrs": "read-write"])
    #expect(found == [PostgresAddress(host: "127.0.0.1,10.0.0.9", address: "127.0.0.1,10.0.0.9", port: ",")])
  }

  @Test func aNameNobodyKnowsIsUnreachable() {
    let failure = #expect(throws: AttemptFailure.self) { _ = try addresses(["host": "no-such-host.invalid"]) }
    #expect(failure?.kind == .unreachable)
    #expect("\(failure?.cause as Any)".contains("no-such-host.invalid"))
  }
}
