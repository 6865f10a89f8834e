/// Requests inside a bulkhead and those that wait, in one word, so that a shell can change both at once without a lock.
///
/// Nobody enters past somebody who waits: a place that becomes free goes to the queue.
package struct BulkheadState: Equatable, Sendable {
  package private(set) var word: UInt64

  package init(word: UInt64 = 0) { self.word = word }

  package var inside: UInt64 { word & 0xffff_ffff }
  package var waiting: UInt64 { word >> 32 }

  /// Enters if there is room and no queue.
  package mutating func enter(limit: UInt64) -> Bool {
    guard waiting == 0, inside < limit else { return false }
    word += 1
    return true
  }

  /// Leaves, unless somebody waits, who is to be handed the place.
  package mutating func leave() -> Bool {
    guard waiting == 0, inside > 0 else { return false }
    word -= 1
    return true
  }

  /// Joins the queue, if it is not full.
  package mutating func join(limit: UInt64) -> Bool {
    guard waiting < limit else { return false }
    word += 1 << 32
    return true
  }

  /// One who waited left the queue: handed a place, which stays occupied, or tired of waiting.
  package mutating func unjoin() -> Bool {
    guard waiting > 0 else { return false }
    word -= 1 << 32
    return true
  }
}
