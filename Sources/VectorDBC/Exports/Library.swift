import CVectorDB
import Support
import VectorDB
import VectorModel

@c @implementation
public func vdb_backends_json(
  _ out_json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ out_length: UnsafeMutablePointer<Int>?
) -> vdb_status {
  boundary { () throws(VectorError) in
    try ownedJSON(out_json, out_length) { json in BackendKind.writeAll(to: &json) }
  }
}

@c @implementation
public func vdb_prometheus_text(
  _ out_text: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ out_length: UnsafeMutablePointer<Int>?
) -> vdb_status {
  boundary { () throws(VectorError) in
    let out = try required(out_text, "out_text")
    out.pointee = nil
    guard let text = Database.prometheusText() else { throw .resultOutOfMemory }
    out.pointee = try ownedText(text)
    out_length?.pointee = text.count
  }
}

@c @implementation
public func vdb_live_handles(_ kind: vdb_handle_kind, _ out_count: UnsafeMutablePointer<UInt64>?) -> vdb_status {
  boundary { () throws(VectorError) in
    let out = try required(out_count, "out_count")
    guard let kind = HandleKind(rawValue: kind) else {
      throw VectorError(.invalidArgument, "handle kind is \(kind), expected 0 to 4")
    }
    out.pointee = HandleTable.shared.liveCount(kind)
  }
}

@c @implementation
public func vdb_log_set(
  _ callback: vdb_log_callback?, _ context: UnsafeMutableRawPointer?, _ minimum_level: vdb_log_level
) -> vdb_status {
  boundary { () throws(VectorError) in
    guard let level = LogLevel(rawValue: minimum_level) else {
      throw VectorError(.invalidArgument, "minimum_level is \(minimum_level), expected 0 to 3")
    }
    try EventForwarder.shared.setReceiver(callback.map { EventReceiver(callback: $0, context: context) }, from: level)
  }
}
