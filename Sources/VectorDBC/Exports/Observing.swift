import CVectorDB
import Support
import VectorDB
import VectorModel

/// Where a JSON document goes: the two out parameters of every `_json` function.
typealias JSONOut = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
typealias LengthOut = UnsafeMutablePointer<Int>?

@c @implementation
public func vdb_database_collections_json(
  _ database: OpaquePointer?, _ call: UnsafePointer<vdb_call_options>?,
  _ out_json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ out_length: UnsafeMutablePointer<Int>?
) -> vdb_status {
  document(database, out_json, out_length) { (database, json) throws(VectorError) in
    json.array(try database.collections(call: callOptions(call)))
  }
}

@c @implementation
public func vdb_database_namespaces_json(
  _ database: OpaquePointer?, _ call: UnsafePointer<vdb_call_options>?,
  _ out_json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ out_length: UnsafeMutablePointer<Int>?
) -> vdb_status {
  document(database, out_json, out_length) { (database, json) throws(VectorError) in
    json.array(try database.namespaces(call: callOptions(call)))
  }
}

@c @implementation
public func vdb_database_health_json(
  _ database: OpaquePointer?, _ call: UnsafePointer<vdb_call_options>?,
  _ out_json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ out_length: UnsafeMutablePointer<Int>?
) -> vdb_status {
  document(database, out_json, out_length) { (database, json) throws(VectorError) in
    try database.writeHealth(callOptions(call, allowed: VDB_PROBE), to: &json)
  }
}

@c @implementation
public func vdb_database_healthy(
  _ database: OpaquePointer?, _ out_healthy: UnsafeMutablePointer<Int32>?
) -> vdb_status {
  boundary { () throws(VectorError) in
    let out = try required(out_healthy, "out_healthy")
    out.pointee = try withDatabase(database) { $0.isHealthy } ? 1 : 0
  }
}

@c @implementation
public func vdb_database_metrics_json(
  _ database: OpaquePointer?, _ out_json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
  _ out_length: UnsafeMutablePointer<Int>?
) -> vdb_status {
  document(database, out_json, out_length) { (database, json) throws(VectorError) in database.writeMetrics(to: &json) }
}

@c @implementation
public func vdb_database_reset_metrics(_ database: OpaquePointer?) -> vdb_status {
  boundary { () throws(VectorError) in try withDatabase(database) { $0.resetMetrics() } }
}

@c @implementation
public func vdb_database_cache_stats_json(
  _ database: OpaquePointer?, _ out_json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
  _ out_length: UnsafeMutablePointer<Int>?
) -> vdb_status {
  document(database, out_json, out_length) { (database, json) throws(VectorError) in
    database.writeCacheStatistics(to: &json)
  }
}

@c @implementation
public func vdb_database_clear_cache(_ database: OpaquePointer?) -> vdb_status {
  boundary { () throws(VectorError) in try withDatabase(database) { $0.clearCache() } }
}

@c @implementation
public func vdb_database_breaker_state(
  _ database: OpaquePointer?, _ out_state: UnsafeMutablePointer<vdb_breaker_state>?
) -> vdb_status {
  boundary { () throws(VectorError) in
    let out = try required(out_state, "out_state")
    out.pointee = try withDatabase(database) { $0.breakerState.rawValue }
  }
}

@c @implementation
public func vdb_database_control_breaker(_ database: OpaquePointer?, _ action: vdb_breaker_action) -> vdb_status {
  boundary { () throws(VectorError) in
    try withDatabase(database) { (database) throws(VectorError) in
      guard let action = BreakerAction(rawValue: action) else {
        throw VectorError(.invalidArgument, "breaker action is \(action), expected 0, 1 or 2")
      }
      database.controlBreaker(action)
    }
  }
}

@c @implementation
public func vdb_database_capabilities_json(
  _ database: OpaquePointer?, _ out_json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
  _ out_length: UnsafeMutablePointer<Int>?
) -> vdb_status {
  document(database, out_json, out_length) { (database, json) throws(VectorError) in
    database.writeCapabilities(to: &json)
  }
}

@c @implementation
public func vdb_database_describe_json(
  _ database: OpaquePointer?, _ out_json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
  _ out_length: UnsafeMutablePointer<Int>?
) -> vdb_status {
  document(database, out_json, out_length) { (database, json) throws(VectorError) in
    database.writeDescription(to: &json)
  }
}

@c @implementation
public func vdb_database_set_credentials(
  _ database: OpaquePointer?, _ credentials_json: UnsafePointer<CChar>?, _ credentials_length: Int
) -> vdb_status {
  boundary { () throws(VectorError) in
    try withDatabase(database) { (database) throws(VectorError) in
      try database.setCredentials(requiredText(credentials_json, credentials_length, "credentials_json"))
    }
  }
}

/// Hands out a JSON document about a database.
private func document(
  _ pointer: OpaquePointer?, _ outJSON: JSONOut, _ outLength: LengthOut,
  _ build: (Database, inout JSONWriter) throws(VectorError) -> Void
) -> vdb_status {
  boundary { () throws(VectorError) in
    try ownedJSON(outJSON, outLength) { (json) throws(VectorError) in
      try withDatabase(pointer) { (database) throws(VectorError) in try build(database, &json) }
    }
  }
}
