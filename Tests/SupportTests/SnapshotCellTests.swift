import Support
import Testing

@Suite struct SnapshotCellTests {
  /// Counts the living; two fields that must agree.
  private final class Pair: Sendable {
    let left: UInt64
    let right: UInt64
    let living: AtomicWord

    init(_ value: UInt64, living: AtomicWord) {
      left = value
      right = ~value
      self.living = living
      living.add(1)
    }

    deinit { living.add(.max) }
  }

  @Test func readersSeeWholeObjectsInOrder() {
    let living = AtomicWord(0)
    let wrong = AtomicWord(0)
    do {
      let cell = SnapshotCell(Pair(0, living: living))
      let done = AtomicWord(0)
      WorkerPool(helpers: 3).run(tasks: 4, threads: 4) { task in
        if task == 0 {
          for value in 1...20_000 as ClosedRange<UInt64> { cell.publish(Pair(value, living: living)) }
          done.store(1)
        } else {
          var last: UInt64 = 0
          repeat {
            let pair = cell.load()
            if pair.left != ~pair.right || pair.left < last { wrong.add(1) }
            last = pair.left
          } while done.load() == 0
        }
      }
      #expect(cell.load().left == 20_000)
      #expect(living.load() == 1)
    }
    #expect(wrong.load() == 0)
    #expect(living.load() == 0)
  }
}
