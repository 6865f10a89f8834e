import CVectorDB
import Glibc
import Support
import VectorModel

@c @implementation
public func vdb_status_name(_ status: vdb_status) -> UnsafePointer<CChar>? {
  inside { borrowed(Status(rawValue: status)?.name ?? "VDB_E_UNKNOWN") }
}

@c @implementation
public func vdb_last_error_status() -> vdb_status { inside { LastError.current?.error.status.rawValue ?? VDB_OK } }

@c @implementation
public func vdb_last_error_message() -> UnsafePointer<CChar>? {
  inside {
    guard let text = LastError.current?.text else { return borrowed("") }
    return UnsafePointer(text)
  }
}

@c @implementation
public func vdb_last_error_json(
  _ out_json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ out_length: UnsafeMutablePointer<Int>?
) -> vdb_status {
  boundary { () throws(VectorError) in
    try ownedJSON(out_json, out_length) { json in
      json.object { json in
        if let error = LastError.current?.error { writeError(error, to: &json) }
      }
    }
  }
}

@c @implementation
public func vdb_string_free(_ string: UnsafeMutablePointer<CChar>?) { free(string) }

private func writeError(_ error: VectorError, to json: inout JSONWriter) {
  json.field("status", Int(error.status.rawValue))
  json.field("code", String(describing: error.status.name))
  json.field("message", error.message)
  if let index = error.index { json.field("index", index) }
  if let backend = error.backend { json.field("backend", backend) }
  if let operation = error.operation { json.field("operation", operation) }
  guard let details = error.details else { return }
  if let status = details.httpStatus { json.field("http_status", status) }
  if let attempts = details.attempts { json.field("attempts", attempts) }
  if let wait = details.retryAfterMilliseconds { json.field("retry_after_ms", wait) }
  if let id = details.requestID { json.field("request_id", id) }
  if let applied = details.applied { json.field("applied", applied.rawValue) }
}
