import CSupport

/// A 64-bit number shared between threads without a lock.
///
/// Memory of its own, so that its address is stable. All operations go through CSupport's C11 atomics, which the
/// sanitizers understand.
package final class AtomicWord: @unchecked Sendable {
  private let word: UnsafeMutablePointer<UInt64>

  package init(_ value: UInt64) {
    word = .allocate(capacity: 1)
    word.initialize(to: value)
  }

  deinit { word.deallocate() }

  /// Acquire.
  package func load() -> UInt64 { vdb_atomic_load(word) }

  /// Release.
  package func store(_ value: UInt64) { vdb_atomic_store(word, value) }

  /// Adds with wrap-around; returns the value before. Acquire and release.
  @discardableResult
  package func add(_ value: UInt64) -> UInt64 { vdb_atomic_add(word, value) }

  /// Puts `desired` where `expected` still stands; returns whether it did. Acquire and release.
  package func exchange(_ expected: UInt64, for desired: UInt64) -> Bool {
    vdb_atomic_compare_exchange(word, expected, desired) != 0
  }
}
