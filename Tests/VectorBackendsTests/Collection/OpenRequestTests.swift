import Testing
import VectorModel

@testable import VectorBackends

@Suite struct OpenRequestTests {
  private func status(_ body: () throws -> CollectionShape) -> Status? {
    do { _ = try body() } catch { return (error as? VectorError)?.status }
    return nil
  }

  @Test func anExistingCollectionCompletesWhatWasNotAsked() throws {
    let shape = try OpenRequest().check("table \"t\"", dimensions: 3, metric: .dot)
    #expect(shape == CollectionShape(dimensions: 3, metric: .dot))
    let told = try OpenRequest(dimensions: 4, metric: .l2).check("table \"t\"", dimensions: nil, metric: nil)
    #expect(told == CollectionShape(dimensions: 4, metric: .l2))
    #expect(try OpenRequest().check("t", dimensions: 4, metric: nil).metric == .cosine)
  }

  @Test func anotherShapeIsAConflict() {
    #expect(status { try OpenRequest(dimensions: 4).check("t", dimensions: 3, metric: .l2) } == .conflict)
    #expect(status { try OpenRequest(metric: .dot).check("t", dimensions: 3, metric: .l2) } == .conflict)
    #expect(status { try OpenRequest().check("t", dimensions: nil, metric: .l2) } == .invalidOption)
  }

  @Test func theModeDecidesWhatMayBeDone() throws {
    #expect(status { try OpenRequest(mode: .create).check("t", dimensions: 3, metric: .l2) } == .alreadyExists)
    #expect(status { try OpenRequest(mode: .open, dimensions: 3).shapeToCreate("t") } == .notFound)
    #expect(status { try OpenRequest().shapeToCreate("t") } == .invalidOption)
    let shape = try OpenRequest(dimensions: 3).shapeToCreate("t")
    #expect(shape == CollectionShape(dimensions: 3, metric: .cosine))
  }
}
