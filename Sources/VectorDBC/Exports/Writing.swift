import CVectorDB
import Support
import VectorDB
import VectorModel

@c @implementation
public func vdb_database_upsert(
  _ database: OpaquePointer?, _ ids: UnsafePointer<vdb_strings>?, _ vectors: UnsafePointer<vdb_vectors>?,
  _ metadata_json: UnsafePointer<CChar>?, _ metadata_length: Int, _ call: UnsafePointer<vdb_call_options>?,
  _ out_report: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  write(database, out_report) { (database) throws(VectorError) in
    try database.upsert(
      ids: packedStrings(ids, "ids"), vectors: vectorRows(vectors, "vectors"),
      metadata: text(metadata_json, metadata_length, "metadata_json"), call: callOptions(call))
  }
}

@c @implementation
public func vdb_database_update_metadata(
  _ database: OpaquePointer?, _ ids: UnsafePointer<vdb_strings>?, _ metadata_json: UnsafePointer<CChar>?,
  _ metadata_length: Int, _ call: UnsafePointer<vdb_call_options>?, _ out_report: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  write(database, out_report) { (database) throws(VectorError) in
    try database.updateMetadata(
      ids: packedStrings(ids, "ids"), changes: requiredText(metadata_json, metadata_length, "metadata_json"),
      call: callOptions(call, allowed: VDB_REPLACE))
  }
}

@c @implementation
public func vdb_database_delete(
  _ database: OpaquePointer?, _ ids: UnsafePointer<vdb_strings>?, _ call: UnsafePointer<vdb_call_options>?,
  _ out_report: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  write(database, out_report) { (database) throws(VectorError) in
    try database.delete(ids: packedStrings(ids, "ids"), call: callOptions(call))
  }
}

@c @implementation
public func vdb_database_delete_where(
  _ database: OpaquePointer?, _ filter: UnsafePointer<CChar>?, _ filter_length: Int,
  _ call: UnsafePointer<vdb_call_options>?, _ out_report: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  write(database, out_report) { (database) throws(VectorError) in
    try database.delete(matching: text(filter, filter_length, "filter"), call: callOptions(call))
  }
}

@c @implementation
public func vdb_database_clear(_ database: OpaquePointer?, _ call: UnsafePointer<vdb_call_options>?) -> vdb_status {
  boundary { () throws(VectorError) in
    try withDatabase(database) { (database) throws(VectorError) in try database.clear(call: callOptions(call)) }
  }
}

@c @implementation
public func vdb_database_drop(_ database: OpaquePointer?, _ call: UnsafePointer<vdb_call_options>?) -> vdb_status {
  boundary { () throws(VectorError) in
    try withDatabase(database) { (database) throws(VectorError) in try database.drop(call: callOptions(call)) }
  }
}

@c @implementation
public func vdb_database_flush(_ database: OpaquePointer?, _ call: UnsafePointer<vdb_call_options>?) -> vdb_status {
  boundary { () throws(VectorError) in
    try withDatabase(database) { (database) throws(VectorError) in try database.flush(call: callOptions(call)) }
  }
}

@c @implementation
public func vdb_database_create_index(
  _ database: OpaquePointer?, _ index_json: UnsafePointer<CChar>?, _ index_length: Int,
  _ call: UnsafePointer<vdb_call_options>?
) -> vdb_status {
  boundary { () throws(VectorError) in
    try withDatabase(database) { (database) throws(VectorError) in
      try database.createIndex(options: text(index_json, index_length, "index_json"), call: callOptions(call))
    }
  }
}

/// Runs a write and hands out its report; items that failed make it PARTIAL.
private func write(
  _ pointer: OpaquePointer?, _ outReport: UnsafeMutablePointer<OpaquePointer?>?,
  _ body: (Database) throws(VectorError) -> WriteOutcome
) -> vdb_status {
  outReport?.pointee = nil
  return boundary { () throws(VectorError) in
    let outcome = try withDatabase(pointer, body)
    // The write has happened: when there is no room for its report, the report is missing, not the write.
    if let outReport, let report = try? WriteReport(outcome) {
      outReport.pointee = try? HandleTable.shared.insert(report, kind: .writeReport)
    }
    if let error = outcome.partialFailure { throw error }
  }
}
