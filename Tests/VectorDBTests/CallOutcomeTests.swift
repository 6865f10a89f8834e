import Resilience
import Testing
import VectorModel

@testable import VectorDB

@Suite struct CallOutcomeTests {
  /// A mistake of the caller must never look like a failing backend, nor the other way round.
  @Test func onlyTheBackendsOwnTroubleCountsAgainstIt() {
    let bad = Status.allCases.filter { CallOutcome($0).healthSign == .bad }
    #expect(
      bad == [
        .unavailable, .circuitOpen, .protocolViolation, .backend, .outOfMemory, .io, .corrupt, .missingLibrary,
        .internal,
      ])
    #expect(Status.allCases.filter { CallOutcome($0) == .success } == [.ok])
    #expect(
      Status.allCases.filter { $0.rawValue <= -100 && $0.rawValue > -300 }.allSatisfy { CallOutcome($0) == .refused })
  }

  @Test func everyOperationHasARowOfItsOwn() {
    #expect(Operation.allCases.map(\.rawValue) == Array(Operation.allCases.indices))
    #expect(Set(Operation.allCases.map(\.name)).count == Operation.allCases.count)
  }
}
