import Support
import Testing

@testable import Resilience

@Suite struct BatchTests {
  private let bench = RequestBench()
  private static let upsert = RequestKind("upsert", .write)
  private static let append = RequestKind("append", .write, isIdempotent: false)

  /// Runs a batch against `answers`: what the n-th attempt, from 0 on, says of an item; nil for applied.
  private func run(
    _ kind: RequestKind = upsert, items: Int, on bench: RequestBench? = nil,
    _ answers: (_ attempt: Int, _ item: Int) -> AttemptFailure?
  ) -> (outcome: BatchOutcome, sent: [[Int]]) {
    var sent: [[Int]] = []
    let outcome = (bench ?? self.bench).executor.runBatch(kind, items: items, .unbounded) {
      _, _, pending, answer throws(AttemptFailure) in
      let attempt = sent.count
      sent.append((0..<pending.count).map { pending[$0] })
      for position in 0..<pending.count {
        guard let failure = answers(attempt, pending[position]) else { continue }
        let cause = answer.cause(failure.cause)
        let isNoted = answer.fail(
          at: position, failure.kind, cause: cause, mayHaveApplied: failure.mayHaveApplied,
          retryAfter: failure.retryAfter)
        #expect(isNoted)
      }
    }
    return (outcome, sent)
  }

  private func items(_ outcome: BatchOutcome) -> [UInt32] { outcome.failed.elements.map(\.item) }

  @Test func whatGoesWellIsSentOnce() {
    let (outcome, sent) = run(items: 1000) { _, _ in nil }
    #expect(sent.count == 1)
    #expect(outcome.applied == 1000)
    #expect(outcome.failed.count == 0 && outcome.unfinished.count == 0 && outcome.stopped == nil)
  }

  @Test func onlyWhatFailedForAPassingReasonIsSentAgain() {
    let (outcome, sent) = run(items: 10) { attempt, item in
      switch (attempt, item) {
      case (0, 2), (0, 5), (0, 8), (1, 8): failure(.unavailable)
      case (0, 4), (1, 5): failure(.refused)
      default: nil
      }
    }
    #expect(sent == [Array(0..<10), [2, 5, 8], [8]])
    #expect(outcome.applied == 8)
    #expect(items(outcome) == [4, 5])
    #expect(outcome.failed.elements.allSatisfy { $0.kind == .refused && !$0.mayHaveApplied })
    #expect(outcome.failed.elements.allSatisfy { outcome.causes[Int($0.cause)] as? TestCause == .init(kind: .refused) })
    #expect(outcome.stopped == nil)
  }

  @Test func afterTheLastAttemptEachItemKeepsItsOwnFailure() {
    let (outcome, sent) = run(items: 4) { _, item in
      item == 1 ? failure(.conflicted) : item == 3 ? failure(.unavailable) : nil
    }
    #expect(sent == [[0, 1, 2, 3], [1, 3], [1, 3]])
    #expect(outcome.applied == 2)
    #expect(outcome.failed.elements.map(\.kind) == [.conflicted, .unavailable])
    #expect(outcome.unfinished.count == 0)
    #expect(outcome.stopped?.attempts == 3)
  }

  @Test func aThrottledItemMakesTheBatchWait() {
    _ = run(items: 3) { attempt, item in
      attempt == 0 && item == 0 ? failure(.throttled, retryAfter: .seconds(4)) : nil
    }
    #expect((bench.environment.waits.first ?? 0) >= 4_000_000_000)
  }

  @Test func withoutAnAttemptNothingWasSent() {
    bench.endpoint.breakers.force(.open) { _ in }
    let (outcome, sent) = run(items: 7) { _, _ in nil }
    #expect(sent.isEmpty)
    #expect(outcome.unfinished.count == 7 && outcome.applied == 0)
    #expect(outcome.unfinished[6] == 6)
    #expect(outcome.stopped?.reason == .circuitOpen && outcome.stopped?.attempts == 0)
    #expect(!outcome.unfinishedMayHaveApplied)
  }

  @Test func anAttemptThatFailsAsAWholeLeavesItsItemsUnfinished() {
    var attempts = 0
    let outcome = bench.executor.runBatch(Self.upsert, items: 5, .unbounded) {
      _, _, pending, answer throws(AttemptFailure) in
      attempts += 1
      if attempts == 1 {
        let cause = answer.cause(TestCause(kind: .unavailable))
        _ = answer.fail(at: 1, .unavailable, cause: cause)
        _ = answer.fail(at: 4, .unavailable, cause: cause)
        return
      }
      throw failure(.broken, mayHaveApplied: true)
    }
    #expect(attempts == 3)
    #expect(outcome.applied == 3)
    #expect(outcome.failed.count == 0)
    #expect((0..<outcome.unfinished.count).map { outcome.unfinished[$0] } == [1, 4])
    #expect(outcome.unfinishedMayHaveApplied)
    #expect(outcome.stopped?.reason == .attemptFailed(.broken))
  }

  @Test func itemsOfAnAttemptWithoutAnAnswerMayHaveBeenApplied() {
    var attempts = 0
    let outcome = bench.executor.runBatch(Self.upsert, items: 2, .unbounded) {
      _, _, _, answer throws(AttemptFailure) in
      attempts += 1
      if attempts == 1 { throw failure(.broken, mayHaveApplied: true) }
      _ = answer.fail(at: 0, .refused, cause: answer.cause(TestCause(kind: .refused)))
    }
    #expect(outcome.applied == 1)
    #expect(outcome.failed.elements.map(\.mayHaveApplied) == [true])
  }

  @Test func anItemThatMayNotHappenTwiceIsNotSentAgain() {
    let (outcome, sent) = run(Self.append, items: 4) { attempt, item in
      guard attempt == 0 else { return nil }
      return item == 1 ? failure(.timedOut, mayHaveApplied: true) : item == 2 ? failure(.unavailable) : nil
    }
    #expect(sent == [[0, 1, 2, 3], [2]])
    #expect(outcome.applied == 3)
    #expect(items(outcome) == [1])
    #expect(outcome.failed.elements.first?.mayHaveApplied == true)
  }

  @Test func aBackendThatServesSomeItemsIsNotBroken() {
    for _ in 0..<50 {
      bench.environment.advance(.seconds(1))
      _ = run(items: 4) { _, item in item == 0 ? failure(.unavailable) : nil }
    }
    #expect(bench.endpoint.breakers.status(.write).failures == 0)
    let broken = RequestBench()
    for _ in 0..<10 {
      broken.environment.advance(.seconds(1))
      _ = run(items: 4, on: broken) { _, _ in failure(.unavailable) }
    }
    #expect(broken.endpoint.breakers.state(.write) == .open)
  }

  @Test func anAnswerThatContradictsItselfClaimsNothing() {
    let outcome = bench.executor.runBatch(Self.upsert, items: 2, .unbounded) {
      _, _, _, answer throws(AttemptFailure) in
      _ = answer.fail(at: 5, .refused, cause: answer.cause(TestCause(kind: .refused)))
    }
    #expect(outcome.applied == 0)
    #expect(outcome.unfinished.count == 2)
    #expect(outcome.unfinishedMayHaveApplied)
    #expect(outcome.stopped?.cause is ContradictoryAnswer)
  }

  @Test func anEmptyBatchIsStillOneRequest() {
    let (outcome, sent) = run(items: 0) { _, _ in nil }
    #expect(sent == [[]])
    #expect(outcome.applied == 0 && outcome.stopped == nil)
  }

  @Test func aPartialFaultAnswersHalfOfTheItems() {
    var faults = FaultSettings()
    faults.partialRate = 1
    let (outcome, sent) = run(items: 1000, on: RequestBench(faults: faults)) { _, _ in nil }
    #expect(sent.count == 3)
    #expect(sent[1].count > 400 && sent[1].count < 600)
    #expect(sent[2].count > 200 && sent[2].count < 300)
    #expect(outcome.applied + outcome.failed.count == 1000)
    #expect(outcome.failed.elements.allSatisfy { $0.mayHaveApplied })
  }

  /// Whatever the backend answers: the outcome says of each item exactly what became of it.
  @Test(arguments: 0..<200)
  func theOutcomeIsTheTruth(seed: UInt64) {
    var random = mix(seed &+ 1)
    func draw(_ below: UInt64) -> UInt64 {
      random = mix(random &+ 0x9e37_79b9_7f4a_7c15)
      return random % below
    }
    let count = Int(draw(40))
    var applied: Set<Int> = []
    var refused: Set<Int> = []
    let outcome = bench.executor.runBatch(Self.upsert, items: count, .unbounded) {
      _, _, pending, answer throws(AttemptFailure) in
      if draw(4) == 0 { throw failure(.unavailable) }
      for position in 0..<pending.count {
        #expect(!applied.contains(pending[position]) && !refused.contains(pending[position]))
        switch draw(5) {
        case 0: _ = answer.fail(at: position, .refused, cause: answer.cause(TestCause(kind: .refused)))
        case 1: _ = answer.fail(at: position, .conflicted, cause: answer.cause(TestCause(kind: .conflicted)))
        default:
          applied.insert(pending[position])
          continue
        }
        if answer.failures.elements.last?.kind == UInt8(AttemptFailure.Kind.refused.rawValue) {
          refused.insert(pending[position])
        }
      }
    }
    #expect(outcome.applied == applied.count)
    #expect(outcome.applied + outcome.failed.count + outcome.unfinished.count == count)
    let failed = Set(outcome.failed.elements.map { Int($0.item) })
    let unfinished = Set((0..<outcome.unfinished.count).map { outcome.unfinished[$0] })
    #expect(failed.union(unfinished) == Set(0..<count).subtracting(applied))
    #expect(failed.isSuperset(of: refused))
    for item in outcome.failed.elements {
      #expect(outcome.causes[Int(item.cause)] as? TestCause == TestCause(kind: item.kind))
    }
  }
}
