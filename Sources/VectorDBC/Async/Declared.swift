import CVectorDB
import VectorModel

@c @implementation
public func vdb_request_cancel(
  _ request: OpaquePointer?
) -> vdb_status {
  boundary { () throws(VectorError) in throw notYet }
}

@c @implementation
public func vdb_request_status(
  _ request: OpaquePointer?
) -> vdb_status {
  boundary { () throws(VectorError) in throw notYet }
}

@c @implementation
public func vdb_request_take_results(
  _ request: OpaquePointer?, _ out_results: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  boundary { () throws(VectorError) in throw notYet }
}

@c @implementation
public func vdb_request_take_report(
  _ request: OpaquePointer?, _ out_report: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  boundary { () throws(VectorError) in throw notYet }
}

@c @implementation
public func vdb_request_take_count(
  _ request: OpaquePointer?, _ out_count: UnsafeMutablePointer<UInt64>?, _ out_exact: UnsafeMutablePointer<Int32>?
) -> vdb_status {
  boundary { () throws(VectorError) in throw notYet }
}

@c @implementation
public func vdb_request_take_json(
  _ request: OpaquePointer?, _ out_json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
  _ out_length: UnsafeMutablePointer<Int>?
) -> vdb_status {
  boundary { () throws(VectorError) in throw notYet }
}

@c @implementation
public func vdb_request_take_database(
  _ request: OpaquePointer?, _ out_database: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  boundary { () throws(VectorError) in throw notYet }
}

@c @implementation
public func vdb_request_free(
  _ request: OpaquePointer?
) -> vdb_status {
  boundary { () throws(VectorError) in throw notYet }
}

@c @implementation
public func vdb_database_open_async(
  _ name: UnsafePointer<CChar>?, _ name_length: Int, _ options_json: UnsafePointer<CChar>?, _ options_length: Int,
  _ call: UnsafePointer<vdb_call_options>?, _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?,
  _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  boundary { () throws(VectorError) in throw notYet }
}

@c @implementation
public func vdb_database_upsert_async(
  _ database: OpaquePointer?, _ ids: UnsafePointer<vdb_strings>?, _ vectors: UnsafePointer<vdb_vectors>?,
  _ metadata_json: UnsafePointer<CChar>?, _ metadata_length: Int, _ call: UnsafePointer<vdb_call_options>?,
  _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?, _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  boundary { () throws(VectorError) in throw notYet }
}

@c @implementation
public func vdb_database_update_metadata_async(
  _ database: OpaquePointer?, _ ids: UnsafePointer<vdb_strings>?, _ metadata_json: UnsafePointer<CChar>?,
  _ metadata_length: Int, _ call: UnsafePointer<vdb_call_options>?, _ done: vdb_done_callback?,
  _ context: UnsafeMutableRawPointer?, _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  boundary { () throws(VectorError) in throw notYet }
}

@c @implementation
public func vdb_database_delete_async(
  _ database: OpaquePointer?, _ ids: UnsafePointer<vdb_strings>?, _ call: UnsafePointer<vdb_call_options>?,
  _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?, _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  boundary { () throws(VectorError) in throw notYet }
}

@c @implementation
public func vdb_database_delete_where_async(
  _ database: OpaquePointer?, _ filter: UnsafePointer<CChar>?, _ filter_length: Int,
  _ call: UnsafePointer<vdb_call_options>?, _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?,
  _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  boundary { () throws(VectorError) in throw notYet }
}

@c @implementation
public func vdb_database_clear_async(
  _ database: OpaquePointer?, _ call: UnsafePointer<vdb_call_options>?, _ done: vdb_done_callback?,
  _ context: UnsafeMutableRawPointer?, _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  boundary { () throws(VectorError) in throw notYet }
}

@c @implementation
public func vdb_database_drop_async(
  _ database: OpaquePointer?, _ call: UnsafePointer<vdb_call_options>?, _ done: vdb_done_callback?,
  _ context: UnsafeMutableRawPointer?, _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  boundary { () throws(VectorError) in throw notYet }
}

@c @implementation
public func vdb_database_flush_async(
  _ database: OpaquePointer?, _ call: UnsafePointer<vdb_call_options>?, _ done: vdb_done_callback?,
  _ context: UnsafeMutableRawPointer?, _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  boundary { () throws(VectorError) in throw notYet }
}

@c @implementation
public func vdb_database_create_index_async(
  _ database: OpaquePointer?, _ index_json: UnsafePointer<CChar>?, _ index_length: Int,
  _ call: UnsafePointer<vdb_call_options>?, _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?,
  _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  boundary { () throws(VectorError) in throw notYet }
}

@c @implementation
public func vdb_database_search_async(
  _ database: OpaquePointer?, _ query: UnsafePointer<Float>?, _ dimensions: UInt64,
  _ options: UnsafePointer<vdb_search_options>?, _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?,
  _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  boundary { () throws(VectorError) in throw notYet }
}

@c @implementation
public func vdb_database_search_batch_async(
  _ database: OpaquePointer?, _ queries: UnsafePointer<vdb_vectors>?, _ options: UnsafePointer<vdb_search_options>?,
  _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?, _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  boundary { () throws(VectorError) in throw notYet }
}

@c @implementation
public func vdb_database_search_by_id_async(
  _ database: OpaquePointer?, _ id: UnsafePointer<CChar>?, _ id_length: Int,
  _ options: UnsafePointer<vdb_search_options>?, _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?,
  _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  boundary { () throws(VectorError) in throw notYet }
}

@c @implementation
public func vdb_database_get_async(
  _ database: OpaquePointer?, _ ids: UnsafePointer<vdb_strings>?, _ call: UnsafePointer<vdb_call_options>?,
  _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?, _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  boundary { () throws(VectorError) in throw notYet }
}

@c @implementation
public func vdb_database_page_async(
  _ database: OpaquePointer?, _ options: UnsafePointer<vdb_page_options>?, _ done: vdb_done_callback?,
  _ context: UnsafeMutableRawPointer?, _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  boundary { () throws(VectorError) in throw notYet }
}

@c @implementation
public func vdb_database_count_async(
  _ database: OpaquePointer?, _ filter: UnsafePointer<CChar>?, _ filter_length: Int,
  _ call: UnsafePointer<vdb_call_options>?, _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?,
  _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  boundary { () throws(VectorError) in throw notYet }
}

@c @implementation
public func vdb_database_collections_json_async(
  _ database: OpaquePointer?, _ call: UnsafePointer<vdb_call_options>?, _ done: vdb_done_callback?,
  _ context: UnsafeMutableRawPointer?, _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  boundary { () throws(VectorError) in throw notYet }
}

@c @implementation
public func vdb_database_namespaces_json_async(
  _ database: OpaquePointer?, _ call: UnsafePointer<vdb_call_options>?, _ done: vdb_done_callback?,
  _ context: UnsafeMutableRawPointer?, _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  boundary { () throws(VectorError) in throw notYet }
}

@c @implementation
public func vdb_database_health_json_async(
  _ database: OpaquePointer?, _ call: UnsafePointer<vdb_call_options>?, _ done: vdb_done_callback?,
  _ context: UnsafeMutableRawPointer?, _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  boundary { () throws(VectorError) in throw notYet }
}

/// Declared, and not part of this state of the library.
private let notYet = VectorError(.unsupported, "asynchronous calls are not part of this build")
