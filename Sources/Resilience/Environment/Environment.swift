import Support

/// Everything this layer takes from the world: time, chance, waiting, threads.
///
/// State machines get numbers that were read here; shells wait here and nowhere else. A simulation can therefore put its
/// own clock and its own scheduler under the code that ships.
package protocol Environment: AnyObject, Sendable {
  /// Nanoseconds on a clock that never goes back.
  func now() -> UInt64

  /// 64 equally distributed bits. Not for secrets.
  func random() -> UInt64

  /// A place where one thread waits for another.
  func makeParking() -> any Parking

  /// Runs `body` on a thread of the library; false when the system refuses one.
  func start(_ name: StaticString, _ body: @escaping @Sendable () -> Void) -> Bool
}

/// Where one thread waits until another wakes it. Used by one waiter at a time; any thread may wake.
package protocol Parking: AnyObject, Sendable {
  /// Waits until `wake`, until `Environment.now()` reaches `deadline`, or until `cancel` is raised.
  ///
  /// A wake-up that came before is kept and returns at once; it wins over a deadline that passed meanwhile.
  func park(until deadline: UInt64?, cancel: CancelToken?) -> WakeReason

  /// Ends the present wait, or the next one.
  func wake()
}

/// Why a wait ended.
package enum WakeReason: Sendable, Equatable {
  case woken
  case deadlineReached
  case cancelled
}
