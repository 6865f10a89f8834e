import CVectorDB
import Support
import VectorDB
import VectorModel

@c @implementation
public func vdb_request_cancel(_ request: OpaquePointer?) -> vdb_status {
  boundary { () throws(VectorError) in
    let isCancelled = try withRequest(request) { $0.cancel() }
    guard isCancelled else { throw VectorError(.conflict, "the request has ended before, or was cancelled") }
  }
}

@c @implementation
public func vdb_request_status(_ request: OpaquePointer?) -> vdb_status {
  boundary { () throws(VectorError) in
    try withRequest(request) { (request) throws(VectorError) in try request.check() }
  }
}

@c @implementation
public func vdb_request_take_results(
  _ request: OpaquePointer?, _ out_results: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  boundary { () throws(VectorError) in
    let out = try required(out_results, "out_results")
    out.pointee = nil
    out.pointee = try withRequest(request) { (request) throws(VectorError) in
      try request.take("results", \.results) { (results) throws(VectorError) in
        try HandleTable.shared.insert(results, kind: .results)
      }
    }
  }
}

@c @implementation
public func vdb_request_take_report(
  _ request: OpaquePointer?, _ out_report: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  boundary { () throws(VectorError) in
    let out = try required(out_report, "out_report")
    out.pointee = nil
    try withRequest(request) { (request) throws(VectorError) in
      out.pointee = try request.take("a report", \.report) { (outcome) throws(VectorError) in
        try HandleTable.shared.insert(WriteReport(outcome), kind: .writeReport)
      }
      try request.check()
    }
  }
}

@c @implementation
public func vdb_request_take_count(
  _ request: OpaquePointer?, _ out_count: UnsafeMutablePointer<UInt64>?, _ out_exact: UnsafeMutablePointer<Int32>?
) -> vdb_status {
  boundary { () throws(VectorError) in
    let out = try required(out_count, "out_count")
    let count = try withRequest(request) { (request) throws(VectorError) in try request.look("a count", \.count) }
    out.pointee = count.number
    out_exact?.pointee = count.isExact ? 1 : 0
  }
}

@c @implementation
public func vdb_request_take_json(
  _ request: OpaquePointer?, _ out_json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
  _ out_length: UnsafeMutablePointer<Int>?
) -> vdb_status {
  boundary { () throws(VectorError) in
    let out = try required(out_json, "out_json")
    out.pointee = nil
    try withRequest(request) { (request) throws(VectorError) in
      try request.take("a document", \.document) { (text) throws(VectorError) in
        out.pointee = try ownedText(text)
        out_length?.pointee = text.count
      }
    }
  }
}

@c @implementation
public func vdb_request_take_database(
  _ request: OpaquePointer?, _ out_database: UnsafeMutablePointer<OpaquePointer?>?
) -> vdb_status {
  boundary { () throws(VectorError) in
    let out = try required(out_database, "out_database")
    out.pointee = nil
    out.pointee = try withRequest(request) { (request) throws(VectorError) in
      try request.take("a database", \.database) { (database) throws(VectorError) in
        try HandleTable.shared.insert(database, kind: .database)
      }
    }
  }
}

@c @implementation
public func vdb_request_free(_ request: OpaquePointer?) -> vdb_status {
  quietBoundary { () throws(VectorError) in
    guard let request else { return }
    try HandleTable.shared.close(request, kind: .request)
  }
}

@inline(__always)
private func withRequest<R>(
  _ pointer: OpaquePointer?, _ body: (CallRequest) throws(VectorError) -> R
) throws(VectorError) -> R {
  try HandleTable.shared.with(pointer, kind: .request, as: CallRequest.self, body)
}
