/// Deadlines of simulated threads, earliest first; among equal ones, the one that was inserted first.
struct DeadlineHeap {
  struct Entry {
    let time: UInt64
    let strand: SimulatedEnvironment.Strand
    /// Which of the thread's waits it ends.
    let wait: Int
  }

  private var entries: [(entry: Entry, order: Int)] = []
  private var inserted = 0

  var first: Entry? { entries.first?.entry }

  mutating func insert(_ entry: Entry) {
    inserted += 1
    entries.append((entry, inserted))
    var child = entries.count - 1
    while child > 0, isBefore(child, (child - 1) / 2) {
      entries.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  /// The earliest one, if it is due.
  mutating func removeFirst(notAfter time: UInt64) -> Entry? {
    guard let first, first.time <= time else { return nil }
    entries.swapAt(0, entries.count - 1)
    entries.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < entries.count && isBefore(child, least) {
        least = child
      }
      if least == parent { return first }
      entries.swapAt(parent, least)
      parent = least
    }
  }

  private func isBefore(_ left: Int, _ right: Int) -> Bool {
    (entries[left].entry.time, entries[left].order) < (entries[right].entry.time, entries[right].order)
  }
}
