import Support

/// One call for a lane: something to be run once, on one of its threads.
package final class LaneCall: @unchecked Sendable {
  private static let numbers = AtomicWord(0)

  /// Never given twice.
  let number = LaneCall.numbers.add(1)
  /// Nil unless it waits. Touched by who submits, and then by who took the call out of the lane.
  private var body: (@Sendable () -> Void)?

  package init() {}

  /// Says what there is to run. Once, before it is submitted.
  func fill(_ body: @escaping @Sendable () -> Void) { self.body = body }

  /// Runs it, and lets go of what it holds.
  func run() {
    let mine = body
    body = nil
    mine?()
  }

  /// Lets go of what it holds.
  func drop() { body = nil }
}
