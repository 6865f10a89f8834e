import CVectorDB
import Support
import VectorDB
import VectorModel

@c @implementation
public func vdb_database_upsert_async(
  _ database: OpaquePointer?, _ ids: UnsafePointer<vdb_strings>?, _ vectors: UnsafePointer<vdb_vectors>?,
  _ metadata_json: UnsafePointer<CChar>?, _ metadata_length: Int, _ call: UnsafePointer<vdb_call_options>?,
  _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?,
  _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  submit(database, done, context, out_request) { (database, inputs) throws(VectorError) in
    let ids = try inputs.keep(packedStrings(ids, "ids"))
    let vectors = try inputs.keep(vectorRows(vectors, "vectors"))
    let metadata = try inputs.keep(text(metadata_json, metadata_length, "metadata_json"))
    let call = try inputs.keep(callOptions(call))
    return QueuedWork(database, .upsert, inputs, call) { () throws(VectorError) in
      .report(try database.upsert(ids: ids, vectors: vectors, metadata: metadata, call: call))
    }
  }
}

@c @implementation
public func vdb_database_update_metadata_async(
  _ database: OpaquePointer?, _ ids: UnsafePointer<vdb_strings>?, _ metadata_json: UnsafePointer<CChar>?,
  _ metadata_length: Int, _ call: UnsafePointer<vdb_call_options>?,
  _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?,
  _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  submit(database, done, context, out_request) { (database, inputs) throws(VectorError) in
    let ids = try inputs.keep(packedStrings(ids, "ids"))
    let changes = try inputs.keep(requiredText(metadata_json, metadata_length, "metadata_json"))
    let call = try inputs.keep(callOptions(call, allowed: VDB_REPLACE))
    return QueuedWork(database, .updateMetadata, inputs, call) { () throws(VectorError) in
      .report(try database.updateMetadata(ids: ids, changes: changes, call: call))
    }
  }
}

@c @implementation
public func vdb_database_delete_async(
  _ database: OpaquePointer?, _ ids: UnsafePointer<vdb_strings>?, _ call: UnsafePointer<vdb_call_options>?,
  _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?,
  _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  submit(database, done, context, out_request) { (database, inputs) throws(VectorError) in
    let ids = try inputs.keep(packedStrings(ids, "ids"))
    let call = try inputs.keep(callOptions(call))
    return QueuedWork(database, .delete, inputs, call) { () throws(VectorError) in
      .report(try database.delete(ids: ids, call: call))
    }
  }
}

@c @implementation
public func vdb_database_delete_where_async(
  _ database: OpaquePointer?, _ filter: UnsafePointer<CChar>?, _ filter_length: Int,
  _ call: UnsafePointer<vdb_call_options>?,
  _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?,
  _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  submit(database, done, context, out_request) { (database, inputs) throws(VectorError) in
    let filter = try inputs.keep(text(filter, filter_length, "filter"))
    let call = try inputs.keep(callOptions(call))
    return QueuedWork(database, .deleteWhere, inputs, call) { () throws(VectorError) in
      .report(try database.delete(matching: filter, call: call))
    }
  }
}

@c @implementation
public func vdb_database_clear_async(
  _ database: OpaquePointer?, _ call: UnsafePointer<vdb_call_options>?,
  _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?,
  _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  submit(database, done, context, out_request) { (database, inputs) throws(VectorError) in
    let call = try inputs.keep(callOptions(call))
    return QueuedWork(database, .clear, inputs, call) { () throws(VectorError) in
      try database.clear(call: call)
      return .nothing
    }
  }
}

@c @implementation
public func vdb_database_drop_async(
  _ database: OpaquePointer?, _ call: UnsafePointer<vdb_call_options>?,
  _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?,
  _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  submit(database, done, context, out_request) { (database, inputs) throws(VectorError) in
    let call = try inputs.keep(callOptions(call))
    return QueuedWork(database, .drop, inputs, call) { () throws(VectorError) in
      try database.drop(call: call)
      return .nothing
    }
  }
}

@c @implementation
public func vdb_database_flush_async(
  _ database: OpaquePointer?, _ call: UnsafePointer<vdb_call_options>?,
  _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?,
  _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  submit(database, done, context, out_request) { (database, inputs) throws(VectorError) in
    let call = try inputs.keep(callOptions(call))
    return QueuedWork(database, .flush, inputs, call) { () throws(VectorError) in
      try database.flush(call: call)
      return .nothing
    }
  }
}

@c @implementation
public func vdb_database_create_index_async(
  _ database: OpaquePointer?, _ index_json: UnsafePointer<CChar>?, _ index_length: Int,
  _ call: UnsafePointer<vdb_call_options>?,
  _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?,
  _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  submit(database, done, context, out_request) { (database, inputs) throws(VectorError) in
    let options = try inputs.keep(text(index_json, index_length, "index_json"))
    let call = try inputs.keep(callOptions(call))
    return QueuedWork(database, .createIndex, inputs, call) { () throws(VectorError) in
      try database.createIndex(options: options, call: call)
      return .nothing
    }
  }
}
