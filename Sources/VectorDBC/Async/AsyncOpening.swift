import CVectorDB
import Support
import VectorDB
import VectorModel

@c @implementation
public func vdb_database_open_async(
  _ name: UnsafePointer<CChar>?, _ name_length: Int, _ options_json: UnsafePointer<CChar>?, _ options_length: Int,
  _ call: UnsafePointer<vdb_call_options>?, _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?,
  _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  queue(done, context, out_request) { (inputs) throws(VectorError) in
    let call = try inputs.keep(callOptions(call))
    let database = try Database.unopened(
      name: requiredText(name, name_length, "name"), options: text(options_json, options_length, "options_json"),
      call: call)
    return QueuedWork(database, .open, inputs, call) { () throws(VectorError) in
      try database.open(call)
      return .database(database)
    }
  }
}
