import CVectorDB
import Support
import VectorDB
import VectorModel

@c @implementation
public func vdb_database_search(
  _ database: OpaquePointer?, _ query: UnsafePointer<Float>?, _ dimensions: UInt64,
  _ options: UnsafePointer<vdb_search_options>?, _ out_results: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  read(database, out_results) { (database) throws(VectorError) in
    try database.search(queryRow(query, dimensions), options: searchOptions(options))
  }
}

@c @implementation
public func vdb_database_search_batch(
  _ database: OpaquePointer?, _ queries: UnsafePointer<vdb_vectors>?, _ options: UnsafePointer<vdb_search_options>?,
  _ out_results: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  read(database, out_results) { (database) throws(VectorError) in
    try database.search(vectorRows(queries, "queries"), options: searchOptions(options))
  }
}

@c @implementation
public func vdb_database_search_by_id(
  _ database: OpaquePointer?, _ id: UnsafePointer<CChar>?, _ id_length: Int,
  _ options: UnsafePointer<vdb_search_options>?, _ out_results: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  read(database, out_results) { (database) throws(VectorError) in
    try database.search(near: requiredText(id, id_length, "id"), options: searchOptions(options))
  }
}

@c @implementation
public func vdb_database_get(
  _ database: OpaquePointer?, _ ids: UnsafePointer<vdb_strings>?, _ call: UnsafePointer<vdb_call_options>?,
  _ out_results: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  read(database, out_results) { (database) throws(VectorError) in
    try database.get(
      ids: packedStrings(ids, "ids"), call: callOptions(call, allowed: VDB_INCLUDE_METADATA | VDB_INCLUDE_VECTORS))
  }
}

@c @implementation
public func vdb_database_page(
  _ database: OpaquePointer?, _ options: UnsafePointer<vdb_page_options>?,
  _ out_results: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  read(database, out_results) { (database) throws(VectorError) in try database.page(pageOptions(options)) }
}

@c @implementation
public func vdb_database_count(
  _ database: OpaquePointer?, _ filter: UnsafePointer<CChar>?, _ filter_length: Int,
  _ call: UnsafePointer<vdb_call_options>?, _ out_count: UnsafeMutablePointer<UInt64>?,
  _ out_exact: UnsafeMutablePointer<Int32>?
) -> vdb_status {
  boundary { () throws(VectorError) in
    let out = try required(out_count, "out_count")
    let (count, exact) = try withDatabase(database) { (database) throws(VectorError) in
      try database.count(matching: text(filter, filter_length, "filter"), call: callOptions(call))
    }
    out.pointee = count
    out_exact?.pointee = exact ? 1 : 0
  }
}

/// Runs a read and hands out its results.
@inline(__always)
private func read(
  _ pointer: OpaquePointer?, _ outResults: UnsafeMutablePointer<OpaquePointer?>?,
  _ body: (Database) throws(VectorError) -> ResultColumns
) -> vdb_status {
  boundary { () throws(VectorError) in
    let out = try required(outResults, "out_results")
    out.pointee = nil
    let columns = try withDatabase(pointer, body)
    out.pointee = try HandleTable.shared.insert(columns, kind: .results)
  }
}
