import CSupport

/// A reference that one writer replaces while readers load it without any lock.
///
/// A reader pays two additions to counters of its own cache line and a retain. A writer, after putting the new object in,
/// waits for the readers that may be between loading the old one and retaining it (nanoseconds), then lets go of it.
/// Writers must not overlap: they hold a lock of their own.
package final class SnapshotCell<Value: AnyObject & Sendable>: @unchecked Sendable {
  private let cell: UnsafeMutablePointer<UnsafeMutableRawPointer?>

  package init(_ value: Value) {
    cell = .allocate(capacity: 1)
    cell.initialize(to: Unmanaged.passRetained(value).toOpaque())
  }

  deinit {
    if let last = cell.pointee { Unmanaged<Value>.fromOpaque(last).release() }
    cell.deallocate()
  }

  /// The object that was published last. Wait-free.
  package func load() -> Value {
    let section = vdb_readers_enter()
    let value = Unmanaged<Value>.fromOpaque(vdb_readers_load(cell)).retain()
    vdb_readers_leave(section)
    return value.takeRetainedValue()
  }

  /// Makes `value` what `load` returns from now on. Blocks until no reader can still be picking up the object before it.
  package func publish(_ value: Value) {
    let before = vdb_readers_swap(cell, Unmanaged.passRetained(value).toOpaque())
    vdb_readers_wait()
    Unmanaged<Value>.fromOpaque(before).release()
  }
}
