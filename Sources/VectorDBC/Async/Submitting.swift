import CSupport
import CVectorDB
import Support
import VectorDB
import VectorModel

/// Who is told of the end of a request: the callback of C and its context.
struct DoneReceiver {
  private let callback: vdb_done_callback
  private let context: UnsafeMutableRawPointer?

  init(_ callback: vdb_done_callback?, _ context: UnsafeMutableRawPointer?) throws(VectorError) {
    guard let callback else { throw VectorError(.invalidArgument, "done is NULL") }
    self.callback = callback
    self.context = context
  }

  /// Tells it, on this thread, whose last error is that of the call then.
  func tell(_ request: CallRequest, _ handle: OpaquePointer) {
    if let failure = request.failure { LastError.set(failure) }
    // The host's code takes its own time, and may fork.
    let depth = vdb_gate_pause()
    callback(context, handle, request.failure?.status.rawValue ?? VDB_OK)
    vdb_gate_resume(depth)
  }
}

/// Queues a call on the database behind a handle, and hands out its request before anything else can happen to it.
///
/// `prepare` checks what a look at the arguments shows, and copies them.
func submit(
  _ pointer: OpaquePointer?, _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?,
  _ outRequest: UnsafeMutablePointer<OpaquePointer?>?,
  _ prepare: (Database, CallInputs) throws(VectorError) -> QueuedWork
) -> vdb_status {
  queue(done, context, outRequest) { (inputs) throws(VectorError) in
    try withDatabase(pointer) { (database) throws(VectorError) in try prepare(database, inputs) }
  }
}

/// As `submit`, for a call that has no database yet.
func queue(
  _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?, _ outRequest: UnsafeMutablePointer<OpaquePointer?>?,
  _ prepare: (CallInputs) throws(VectorError) -> QueuedWork
) -> vdb_status {
  outRequest?.pointee = nil
  return boundary { () throws(VectorError) in
    let receiver = try DoneReceiver(done, context)
    let request = CallRequest(try prepare(CallInputs()))
    let handle = try HandleTable.shared.insert(request, kind: .request)
    outRequest?.pointee = handle
    do throws(VectorError) {
      try request.submit { [unowned request] in receiver.tell(request, handle) }
    } catch {
      outRequest?.pointee = nil
      try HandleTable.shared.close(handle, kind: .request)
      throw error
    }
  }
}
