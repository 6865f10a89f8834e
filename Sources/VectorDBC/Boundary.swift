import CSupport
import CVectorDB
import Support
import VectorModel

/// Runs the body of an exported function where a fork does not catch it at a bad moment (`vdb_gate.h`).
@inline(__always)
func inside<R>(_ body: () -> R) -> R {
  let seat = vdb_gate_enter()
  defer { vdb_gate_leave(seat) }
  return body()
}

/// Runs the body of an exported function: turns its error into a status and remembers it for this thread.
@inline(__always)
func boundary(_ body: () throws(VectorError) -> Void) -> vdb_status {
  let seat = vdb_gate_enter()
  vdb_interrupt_begin()
  defer {
    vdb_interrupt_end()
    vdb_gate_leave(seat)
  }
  do throws(VectorError) {
    try body()
    return VDB_OK
  } catch {
    LastError.set(error)
    return error.status.rawValue
  }
}

/// Runs the body of a `close` or `free`, which never touches the last error.
@inline(__always)
func quietBoundary(_ body: () throws(VectorError) -> Void) -> vdb_status {
  let seat = vdb_gate_enter()
  defer { vdb_gate_leave(seat) }
  do throws(VectorError) {
    try body()
    return VDB_OK
  } catch {
    return error.status.rawValue
  }
}

/// Requires an out pointer.
@inline(__always)
func required<T>(_ pointer: UnsafeMutablePointer<T>?, _ name: StaticString) throws(VectorError) -> UnsafeMutablePointer<
  T
> {
  guard let pointer else { throw VectorError(.invalidArgument, "\(name) is NULL") }
  return pointer
}
