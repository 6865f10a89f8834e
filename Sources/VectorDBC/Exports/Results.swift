import CVectorDB
import Support
import VectorModel

@c @implementation
public func vdb_results_columns(
  _ results: OpaquePointer?, _ out_columns: UnsafeMutablePointer<vdb_columns>?
) -> vdb_status {
  boundary { () throws(VectorError) in
    let out = try required(out_columns, "out_columns")
    try withResults(results) { (results) throws(VectorError) in
      try writeStruct(results.view, to: out, size: structSize(out), "out_columns")
    }
  }
}

@c @implementation
public func vdb_results_info_json(
  _ results: OpaquePointer?, _ out_json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
  _ out_length: UnsafeMutablePointer<Int>?
) -> vdb_status {
  boundary { () throws(VectorError) in
    try ownedJSON(out_json, out_length) { (json) throws(VectorError) in
      let info = try withResults(results) { $0.info }
      json.object { json in
        json.field("exact", info.exact)
        json.field("index", info.index)
        json.field("stale", info.stale)
        json.field("age_ms", info.ageMilliseconds)
        json.field("cached", info.cached)
        json.field("attempts", info.attempts)
      }
    }
  }
}

@c @implementation
public func vdb_results_next_page(
  _ results: OpaquePointer?, _ out_token: UnsafeMutablePointer<UnsafePointer<CChar>?>?,
  _ out_length: UnsafeMutablePointer<Int>?
) -> vdb_status {
  boundary { () throws(VectorError) in
    let token = try required(out_token, "out_token")
    token.pointee = nil
    let length = try required(out_length, "out_length")
    try withResults(results) { results in
      let bytes = results.nextPage.elements
      // The buffer ends with a NUL that the length does not count.
      token.pointee = UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self) ?? borrowed("")
      length.pointee = max(bytes.count - 1, 0)
    }
  }
}

@c @implementation
public func vdb_results_free(_ results: OpaquePointer?) -> vdb_status {
  quietBoundary { () throws(VectorError) in
    guard let results else { return }
    try HandleTable.shared.close(results, kind: .results)
  }
}

@c @implementation
public func vdb_write_report_columns(
  _ report: OpaquePointer?, _ out_columns: UnsafeMutablePointer<vdb_write_columns>?
) -> vdb_status {
  boundary { () throws(VectorError) in
    let out = try required(out_columns, "out_columns")
    try HandleTable.shared.with(report, kind: .writeReport, as: WriteReport.self) { (report) throws(VectorError) in
      try writeStruct(report.view, to: out, size: structSize(out), "out_columns")
    }
  }
}

@c @implementation
public func vdb_write_report_free(_ report: OpaquePointer?) -> vdb_status {
  quietBoundary { () throws(VectorError) in
    guard let report else { return }
    try HandleTable.shared.close(report, kind: .writeReport)
  }
}

@inline(__always)
private func withResults<R>(
  _ pointer: OpaquePointer?, _ body: (ResultColumns) throws(VectorError) -> R
) throws(VectorError) -> R {
  try HandleTable.shared.with(pointer, kind: .results, as: ResultColumns.self, body)
}

/// The size that the caller wrote into an output struct; the pointer needs no alignment.
private func structSize<T>(_ pointer: UnsafeMutablePointer<T>) -> UInt32 {
  UnsafeRawPointer(pointer).loadUnaligned(as: UInt32.self)
}

extension ResultColumns {
  /// The columns as C sees them; pointers live as long as this object.
  fileprivate var view: vdb_columns {
    var view = vdb_columns()
    view.query_count = UInt64(queryCount)
    view.row_count = UInt64(rowCount)
    view.row_offsets = UnsafePointer(rowOffsets.base)
    view.ids = characters(ids)
    view.id_offsets = UnsafePointer(idOffsets.base)
    view.dimensions = UInt64(dimensions)
    if kind == .search {
      view.distances = present(distances)
      view.scores = present(scores)
    }
    if kind == .get { view.found = present(found) }
    if include.contains(.metadata) {
      view.metadata = characters(metadata)
      view.metadata_offsets = UnsafePointer(metadataOffsets.base)
    }
    if include.contains(.vectors) { view.vectors = present(vectors) }
    return view
  }

  private func characters(_ column: ColumnBuffer<UInt8>) -> UnsafePointer<CChar>? {
    UnsafeRawPointer(column.base)?.assumingMemoryBound(to: CChar.self) ?? borrowed("")
  }

  private func present<Element>(_ column: ColumnBuffer<Element>) -> UnsafePointer<Element>? {
    UnsafePointer(column.base)
  }
}
