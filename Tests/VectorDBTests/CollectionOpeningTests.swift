import Support
import Testing
import VectorBackends
import VectorModel

@testable import VectorDB

@Suite struct CollectionOpeningTests {
  @Test func describeTellsHowItWasOpened() throws {
    let options = try withOptions(#"{"backend": "memory", "dimensions": 7, "connect": "lazy"}"#)
    #expect(options.isLazy)
    let core = try DatabaseCore(name: "lazy", options: options)
    try core.open(.unbounded)
    #expect(core.collection.shape == nil)
    #expect(try core.collection.open(.unbounded) == CollectionShape(dimensions: 7, metric: .cosine))
    #expect(core.collection.shape == CollectionShape(dimensions: 7, metric: .cosine))
  }

  @Test func aMemoryDatabaseIsNeverThereAlready() throws {
    let options = try withOptions(#"{"dimensions": 3, "mode": "open"}"#)
    #expect(throws: VectorError.self) { _ = try DatabaseCore(name: "m", options: options) }
    let without = try withOptions(#"{"metric": "l2"}"#)
    #expect(throws: VectorError.self) { _ = try DatabaseCore(name: "m", options: without) }
  }

  private func withOptions(_ json: String) throws -> DatabaseOptions {
    try withBytes(of: ByteString(json)) { (bytes) throws(VectorError) in try DatabaseOptions.parse(bytes) }
  }
}
