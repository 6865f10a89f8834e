import CSupport
import CTestSupport
import Support
import Testing

/// Runs `body` in a forked child; true when it returned true there.
func inChild(_ body: () -> Bool) -> Bool {
  withoutActuallyEscaping(body) { body in
    withUnsafePointer(to: body) { pointer in
      let context = UnsafeMutableRawPointer(mutating: UnsafeRawPointer(pointer))
      return test_run_in_child(
        { $0?.assumingMemoryBound(to: (() -> Bool).self).pointee() == true ? 0 : 1 }, context, 20) == 0
    }
  }
}

@Suite(.serialized) struct ForkTests {
  @Test func locksAreFreeAndConsistentInTheChild() {
    let lock = Lock(.namespace)
    nonisolated(unsafe) var left = 0
    nonisolated(unsafe) var right = 0
    let done = AtomicWord(0)
    let failures = AtomicWord(0)
    WorkerPool(helpers: 2).run(tasks: 3, threads: 3) { task in
      if task > 0 {
        while done.load() == 0 {
          lock.withLock {
            left += 1
            right += 1
          }
          _ = Lock(.leaf)
        }
      } else {
        for _ in 0..<30 {
          let isGood = inChild { lock.withLock { left == right } && Lock(.outer).withLock { true } }
          if !isGood { failures.add(1) }
        }
        done.store(1)
      }
    }
    #expect(failures.load() == 0)
  }

  /// In a child of its own: locks of one level must not nest where somebody else may fork.
  @Test func manyLocksAreAllDifferent() {
    let locks = (0..<5_000).map { _ in Lock(.namespace) }
    #expect(
      inChild {
        // Two of them sharing one mutex would wait for each other here.
        (0..<locks.count - 1).allSatisfy { index in locks[index].withLock { locks[index + 1].withLock { true } } }
      })
  }

  @Test func theChildMakesItsOwnThreads() {
    let pool = WorkerPool(helpers: 2)
    pool.run(tasks: 10, threads: 3) { _ in }
    let before = processEpoch
    #expect(
      inChild {
        let total = AtomicWord(0)
        pool.run(tasks: 100, threads: 3) { _ in total.add(1) }
        return total.load() == 100 && processEpoch == before + 1
      })
    #expect(processEpoch == before)
  }

  @Test func snapshotsGoOnInTheChild() {
    final class Number: Sendable {
      let value: Int
      init(_ value: Int) { self.value = value }
    }
    let cell = SnapshotCell(Number(1))
    let done = AtomicWord(0)
    let failures = AtomicWord(0)
    WorkerPool(helpers: 2).run(tasks: 3, threads: 3) { task in
      if task > 0 {
        while done.load() == 0 {
          _ = cell.load()
          vdb_gate_safe_point()
        }
      } else {
        for _ in 0..<30 {
          let isGood = inChild {
            cell.publish(Number(cell.load().value + 1))
            return cell.load().value == 2
          }
          if !isGood { failures.add(1) }
        }
        done.store(1)
      }
    }
    #expect(failures.load() == 0)
  }
}
