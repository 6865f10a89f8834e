import Support
import Testing

@testable import Resilience

private final class Session {}

/// Counts what is opened.
private final class CountedFactory: ConnectionFactory {
  let opened = AtomicWord(0)

  func open(_ context: CallContext) throws(AttemptFailure) -> Session {
    opened.add(1)
    return Session()
  }
  func check(_ connection: Session) -> Bool { true }
  func close(_ connection: Session) {}
  func abandon(_ connection: Session) {}
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
