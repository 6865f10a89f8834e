import Support
import Testing

@testable import Resilience

/// Counts what is opened.
private final class CountedFactory: ConnectionFactory {
  let opened = AtomicWord(0)

  func open(_ context: CallContext) throws(AttemptFailure) -> UInt64 { opened.add(1) }
  func check(_ connection: UInt64) -> Bool { true }
  func close(_ connection: UInt64) {}
  func abandon(_ connection: UInt64) {}
}

@Suite struct PoolReuseTests {
  @Test func theClientWasRebuiltForEveryCall() throws {
    let factory = CountedFactory()
    let pool = Pool(factory, PoolSettings(), SystemEnvironment.shared)
    let endpoint = Endpoint(identity: ByteString("one"), connections: pool, environment: SystemEnvironment.shared)
    let executor = RequestExecutor(endpoint)
    for _ in 0..<1000 {
      _ = try executor.run(RequestKind("search", .read), .unbounded) { (connection, _) throws(AttemptFailure) in
        connection
      }
    }
    #expect(factory.opened.load() == 1)
    #expect(pool.stats.leases == 1000)
  }
}
