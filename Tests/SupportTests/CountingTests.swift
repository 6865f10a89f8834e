import Support
import Testing

@Suite struct CountingTests {
  @Test func stripesAddUpOverThreads() {
    let words = StripedWords()
    WorkerPool(helpers: 3).run(tasks: 1000, threads: 4) { task in
      words.add(0)
      words.add(7, UInt64(task))
      words.store(3, UInt64(task))
    }
    #expect(words.sum(0) == 1000)
    #expect(words.sum(7) == 499_500)
    #expect(words.sum(1) == 0)
    #expect(words.maximum(3) > 0 && words.maximum(3) < 1000)
  }

  @Test func aTallyKeepsItsItemsApart() {
    let tally = CallTally()
    tally.add(.attempts)
    tally.add(.attempts)
    tally.add(.bytesReceived, 300)
    #expect(tally[.attempts] == 2)
    #expect(tally[.retries] == 0)
    #expect(tally[.bytesSent] == 0)
    #expect(tally[.bytesReceived] == 300)
  }

  @Test func aContextEndsAtTheEarlierDeadline() {
    #expect(CallContext(deadline: 10).ending(by: 20).deadline == 10)
    #expect(CallContext(deadline: 30).ending(by: 20).deadline == 20)
    #expect(CallContext().ending(by: 20).deadline == 20)
  }
}
