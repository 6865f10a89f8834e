import CVectorDB
import Support
import VectorDB
import VectorModel

@c @implementation
public func vdb_database_search_async(
  _ database: OpaquePointer?, _ query: UnsafePointer<Float>?, _ dimensions: UInt64,
  _ options: UnsafePointer<vdb_search_options>?,
  _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?,
  _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  submit(database, done, context, out_request) { (database, inputs) throws(VectorError) in
    let rows = try inputs.keep(queryRow(query, dimensions))
    let options = try inputs.keep(searchOptions(options))
    return QueuedWork(database, .search, inputs, options.call) { () throws(VectorError) in
      .results(try database.search(rows, options: options))
    }
  }
}

@c @implementation
public func vdb_database_search_batch_async(
  _ database: OpaquePointer?, _ queries: UnsafePointer<vdb_vectors>?,
  _ options: UnsafePointer<vdb_search_options>?,
  _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?,
  _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  submit(database, done, context, out_request) { (database, inputs) throws(VectorError) in
    let rows = try inputs.keep(vectorRows(queries, "queries"))
    let options = try inputs.keep(searchOptions(options))
    return QueuedWork(database, rows.count == 1 ? .search : .searchBatch, inputs, options.call) {
      () throws(VectorError) in
      .results(try database.search(rows, options: options))
    }
  }
}

@c @implementation
public func vdb_database_search_by_id_async(
  _ database: OpaquePointer?, _ id: UnsafePointer<CChar>?, _ id_length: Int,
  _ options: UnsafePointer<vdb_search_options>?,
  _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?,
  _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  submit(database, done, context, out_request) { (database, inputs) throws(VectorError) in
    let id = try inputs.keep(requiredText(id, id_length, "id"))
    let options = try inputs.keep(searchOptions(options))
    return QueuedWork(database, .searchByID, inputs, options.call) { () throws(VectorError) in
      .results(try database.search(near: id, options: options))
    }
  }
}

@c @implementation
public func vdb_database_get_async(
  _ database: OpaquePointer?, _ ids: UnsafePointer<vdb_strings>?, _ call: UnsafePointer<vdb_call_options>?,
  _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?,
  _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  submit(database, done, context, out_request) { (database, inputs) throws(VectorError) in
    let ids = try inputs.keep(packedStrings(ids, "ids"))
    let call = try inputs.keep(callOptions(call, allowed: VDB_INCLUDE_METADATA | VDB_INCLUDE_VECTORS))
    return QueuedWork(database, .get, inputs, call) { () throws(VectorError) in
      .results(try database.get(ids: ids, call: call))
    }
  }
}

@c @implementation
public func vdb_database_page_async(
  _ database: OpaquePointer?, _ options: UnsafePointer<vdb_page_options>?,
  _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?,
  _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  submit(database, done, context, out_request) { (database, inputs) throws(VectorError) in
    let options = try inputs.keep(pageOptions(options))
    return QueuedWork(database, .page, inputs, options.call) { () throws(VectorError) in
      .results(try database.page(options))
    }
  }
}

@c @implementation
public func vdb_database_count_async(
  _ database: OpaquePointer?, _ filter: UnsafePointer<CChar>?, _ filter_length: Int,
  _ call: UnsafePointer<vdb_call_options>?,
  _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?,
  _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  submit(database, done, context, out_request) { (database, inputs) throws(VectorError) in
    let filter = try inputs.keep(text(filter, filter_length, "filter"))
    let call = try inputs.keep(callOptions(call))
    return QueuedWork(database, .count, inputs, call) { () throws(VectorError) in
      let (number, isExact) = try database.count(matching: filter, call: call)
      return .count(number, exact: isExact)
    }
  }
}

@c @implementation
public func vdb_database_collections_json_async(
  _ database: OpaquePointer?, _ call: UnsafePointer<vdb_call_options>?,
  _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?,
  _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  submit(database, done, context, out_request) { (database, inputs) throws(VectorError) in
    let call = try inputs.keep(callOptions(call))
    return QueuedWork(database, .collections, inputs, call) { () throws(VectorError) in
      try .json { (json) throws(VectorError) in json.array(try database.collections(call: call)) }
    }
  }
}

@c @implementation
public func vdb_database_namespaces_json_async(
  _ database: OpaquePointer?, _ call: UnsafePointer<vdb_call_options>?,
  _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?,
  _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  submit(database, done, context, out_request) { (database, inputs) throws(VectorError) in
    let call = try inputs.keep(callOptions(call))
    return QueuedWork(database, .namespaces, inputs, call) { () throws(VectorError) in
      try .json { (json) throws(VectorError) in json.array(try database.namespaces(call: call)) }
    }
  }
}

@c @implementation
public func vdb_database_health_json_async(
  _ database: OpaquePointer?, _ call: UnsafePointer<vdb_call_options>?,
  _ done: vdb_done_callback?, _ context: UnsafeMutableRawPointer?,
  _ out_request: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  submit(database, done, context, out_request) { (database, inputs) throws(VectorError) in
    let call = try inputs.keep(callOptions(call, allowed: VDB_PROBE))
    return QueuedWork(database, nil, inputs, call) { () throws(VectorError) in
      try .json { (json) throws(VectorError) in try database.writeHealth(call, to: &json) }
    }
  }
}
