import Support
import Testing

@Suite struct CancelTokenTests {
  private final class Counter: CancelObserver {
    let told = AtomicWord(0)
    func cancelRaised() { told.add(1) }
  }

  @Test func tellsThoseWhoObserveAtThatMoment() {
    let token = CancelToken()
    let stays = Counter()
    let leaves = Counter()
    token.observe(stays)
    token.observe(leaves)
    token.stopObserving(leaves)
    #expect(!token.isCancelled)
    token.cancel()
    #expect(token.isCancelled)
    #expect(stays.told.load() == 1)
    #expect(leaves.told.load() == 0)
  }

  @Test func oneEndTakesOneObservationAway() {
    let token = CancelToken()
    let observer = Counter()
    token.observe(observer)
    token.observe(observer)
    token.stopObserving(observer)
    token.cancel()
    #expect(observer.told.load() == 1)
  }

  @Test func anObserverThatLeavesOfItsOwnAccordIsFreed() {
    let token = CancelToken()
    weak var gone: Counter?
    do {
      let observer = Counter()
      gone = observer
      token.observe(observer)
      token.stopObserving(observer)
    }
    #expect(gone == nil)
  }
}
