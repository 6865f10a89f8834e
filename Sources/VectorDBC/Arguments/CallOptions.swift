import CVectorDB
import Support
import VectorDB
import VectorModel

/// Reads `vdb_call_options`; NULL means the defaults.
func callOptions(
  _ pointer: UnsafePointer<vdb_call_options>?, allowed: UInt32 = 0
) throws(VectorError) -> CallOptions {
  guard let pointer else { return CallOptions() }
  let raw = try inputStruct(pointer, defaults: Defaults.call, "call")
  try checkFlags(raw.flags, allowed: allowed, "call")
  return try CallOptions(
    timeout: timeout(raw.timeout_ms, "call"), cancel: cancelToken(raw.cancel),
    include: include(raw.flags), replace: raw.flags & VDB_REPLACE != 0,
    probe: raw.flags & VDB_PROBE != 0,
    extraJSON: text(raw.extra_json, raw.extra_json_length, "extra_json"))
}

/// Reads `vdb_search_options`; NULL means the defaults.
func searchOptions(_ pointer: UnsafePointer<vdb_search_options>?) throws(VectorError) -> SearchOptions {
  guard let pointer else { return SearchOptions() }
  let raw = try inputStruct(pointer, defaults: Defaults.search, "options")
  let allowed = VDB_INCLUDE_METADATA | VDB_INCLUDE_VECTORS | VDB_EXACT | VDB_HAS_MAX_DISTANCE | VDB_HAS_MIN_SCORE
  try checkFlags(raw.flags, allowed: allowed, "options")
  guard raw.reserved == 0 else {
    throw VectorError(.unsupported, "reserved of options is \(raw.reserved), expected 0")
  }
  var options = SearchOptions()
  options.k = raw.k
  options.ef = raw.ef
  options.exact = raw.flags & VDB_EXACT != 0
  options.filter = try text(raw.filter, raw.filter_length, "filter")
  if raw.flags & VDB_HAS_MAX_DISTANCE != 0 { options.maxDistance = raw.max_distance }
  if raw.flags & VDB_HAS_MIN_SCORE != 0 { options.minScore = raw.min_score }
  options.call = try CallOptions(
    timeout: timeout(raw.timeout_ms, "options"), cancel: cancelToken(raw.cancel), include: include(raw.flags),
    extraJSON: text(raw.extra_json, raw.extra_json_length, "extra_json"))
  return options
}

/// Reads `vdb_page_options`; NULL means the defaults.
func pageOptions(_ pointer: UnsafePointer<vdb_page_options>?) throws(VectorError) -> PageOptions {
  guard let pointer else { return PageOptions() }
  let raw = try inputStruct(pointer, defaults: Defaults.page, "options")
  try checkFlags(raw.flags, allowed: VDB_INCLUDE_METADATA | VDB_INCLUDE_VECTORS, "options")
  var options = PageOptions()
  options.limit = raw.limit
  options.token = try text(raw.token, raw.token_length, "token")
  options.filter = try text(raw.filter, raw.filter_length, "filter")
  options.call = try CallOptions(
    timeout: timeout(raw.timeout_ms, "options"), cancel: cancelToken(raw.cancel), include: include(raw.flags),
    extraJSON: text(raw.extra_json, raw.extra_json_length, "extra_json"))
  return options
}

private func include(_ flags: UInt32) -> Include {
  let metadata = flags & VDB_INCLUDE_METADATA != 0 ? Include.metadata.rawValue : 0
  let vectors = flags & VDB_INCLUDE_VECTORS != 0 ? Include.vectors.rawValue : 0
  return Include(rawValue: metadata | vectors)
}

private func timeout(_ milliseconds: Int64, _ name: StaticString) throws(VectorError) -> CallOptions.Timeout {
  switch milliseconds {
  case 0: return .standard
  case -1: return .none
  case 1...: return .milliseconds(UInt64(milliseconds))
  default:
    throw VectorError(
      .invalidArgument, "timeout_ms of \(name) is \(milliseconds), expected -1 (none), 0 (default) or milliseconds")
  }
}

private func cancelToken(_ pointer: OpaquePointer?) throws(VectorError) -> CancelToken? {
  guard let pointer else { return nil }
  return try HandleTable.shared.with(pointer, kind: .cancelToken, as: CancelToken.self) { $0 }
}
