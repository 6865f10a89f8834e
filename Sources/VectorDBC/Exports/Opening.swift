import CVectorDB
import Support
import VectorDB
import VectorModel

@c @implementation
public func vdb_database_open(
  _ name: UnsafePointer<CChar>?, _ name_length: Int, _ options_json: UnsafePointer<CChar>?, _ options_length: Int,
  _ call: UnsafePointer<vdb_call_options>?, _ out_database: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  boundary { () throws(VectorError) in
    let out = try required(out_database, "out_database")
    out.pointee = nil
    let database = try Database.open(
      name: requiredText(name, name_length, "name"), options: text(options_json, options_length, "options_json"),
      call: callOptions(call))
    out.pointee = try HandleTable.shared.insert(database, kind: .database)
  }
}

@c @implementation
public func vdb_database_namespace(
  _ database: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ name_length: Int,
  _ out_view: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  boundary { () throws(VectorError) in
    let out = try required(out_view, "out_view")
    out.pointee = nil
    let view = try withDatabase(database) { (database) throws(VectorError) in
      try database.namespace(requiredText(name, name_length, "name"))
    }
    out.pointee = try HandleTable.shared.insert(view, kind: .database)
  }
}

@c @implementation
public func vdb_database_close(_ database: OpaquePointer?) -> vdb_status {
  quietBoundary { () throws(VectorError) in
    guard let database else { return }
    try HandleTable.shared.close(database, kind: .database)
  }
}

/// Runs `body` with the database behind a handle.
@inline(__always)
func withDatabase<R>(
  _ pointer: OpaquePointer?, _ body: (Database) throws(VectorError) -> R
) throws(VectorError) -> R {
  try HandleTable.shared.with(pointer, kind: .database, as: Database.self, body)
}
