import CSupport
import CVectorDB
import Support
import VectorModel

@c @implementation
public func vdb_cancel_token_new(_ out_token: UnsafeMutablePointer<OpaquePointer?>?) -> vdb_status {
  boundary { () throws(VectorError) in
    let out = try required(out_token, "out_token")
    out.pointee = nil
    out.pointee = try HandleTable.shared.insert(CancelToken(), kind: .cancelToken)
  }
}

@c @implementation
public func vdb_cancel_token_cancel(_ token: OpaquePointer?) -> vdb_status {
  boundary { () throws(VectorError) in
    try HandleTable.shared.with(token, kind: .cancelToken, as: CancelToken.self) { $0.cancel() }
  }
}

@c @implementation
public func vdb_interrupt_set(
  _ callback: vdb_interrupt_callback?, _ context: UnsafeMutableRawPointer?
) -> vdb_status {
  quietBoundary { () throws(VectorError) in vdb_interrupt_set_check(callback, context) }
}

@c @implementation
public func vdb_cancel_token_free(_ token: OpaquePointer?) -> vdb_status {
  quietBoundary { () throws(VectorError) in
    guard let token else { return }
    try HandleTable.shared.close(token, kind: .cancelToken)
  }
}
