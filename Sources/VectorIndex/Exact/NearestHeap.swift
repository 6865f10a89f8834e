import VectorModel

/// The k nearest of the neighbours shown to it, in memory that its owner provides: a binary heap with the farthest on top.
///
/// Order is (distance, ids). Adding costs O(log k), sorting O(k log k), neither allocates.
struct NearestHeap {
  private let items: UnsafeMutablePointer<Neighbor>
  private let capacity: Int
  private(set) var count = 0

  /// `items` has room for `capacity` ≥ 1 neighbours.
  init(items: UnsafeMutablePointer<Neighbor>, capacity: Int) {
    self.items = items
    self.capacity = capacity
  }

  /// Distance of the k-th nearest so far, nil while there are fewer than k.
  var limit: Float? { count == capacity ? items[0].distance : nil }

  var elements: UnsafeBufferPointer<Neighbor> { UnsafeBufferPointer(start: items, count: count) }

  mutating func add(_ neighbor: Neighbor, _ compareIDs: RowOrder) {
    if count < capacity {
      var child = count
      count += 1
      while child > 0 {
        let parent = (child - 1) / 2
        if !follows(neighbor, items[parent], compareIDs) { break }
        items[child] = items[parent]
        child = parent
      }
      items[child] = neighbor
    } else if follows(items[0], neighbor, compareIDs) {
      sink(neighbor, from: 0, count: count, compareIDs)
    }
  }

  /// Puts the nearest first and ends the heap's life as a heap; `pause` is called between steps of some microseconds.
  mutating func sort(_ compareIDs: RowOrder, pause: () throws(VectorError) -> Void) throws(VectorError) {
    var remaining = count
    while remaining > 1 {
      remaining -= 1
      let last = items[remaining]
      items[remaining] = items[0]
      sink(last, from: 0, count: remaining, compareIDs)
      if remaining & 255 == 0 { try pause() }
    }
  }

  private func sink(_ neighbor: Neighbor, from start: Int, count: Int, _ compareIDs: RowOrder) {
    var parent = start
    while true {
      var child = 2 * parent + 1
      if child >= count { break }
      if child + 1 < count, follows(items[child + 1], items[child], compareIDs) { child += 1 }
      if !follows(items[child], neighbor, compareIDs) { break }
      items[parent] = items[child]
      parent = child
    }
    items[parent] = neighbor
  }

  private func follows(_ left: Neighbor, _ right: Neighbor, _ compareIDs: RowOrder) -> Bool {
    if left.distance != right.distance { return left.distance > right.distance }
    return compareIDs(left.reference, right.reference) > 0
  }
}

/// Order of two rows by their id bytes: negative, zero or positive.
typealias RowOrder = @Sendable (RowReference, RowReference) -> Int
