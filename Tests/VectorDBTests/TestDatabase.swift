import Glibc
import Support
import VectorModel

@testable import VectorDB

/// A memory database of three dimensions with the calls tests make, in Swift's own types.
struct TestDatabase {
  let database: Database

  init(_ options: String = "{}", name: String = "test") throws {
    var text = #"{"dimensions": 3, "metric": "l2""#
    if options != "{}" { text += ", " + options.dropFirst() } else { text += "}" }
    database = try withBytes(name) { name in
      try withBytes(text) { try Database.open(name: name, options: $0, call: CallOptions()) }
    }
  }

  init(view namespace: String, of other: TestDatabase) throws {
    database = try withBytes(namespace) { try other.database.namespace($0) }
  }

  @discardableResult
  func upsert(_ ids: [String], at x: Float = 0, metadata: String = "", call: CallOptions = CallOptions()) throws
    -> WriteOutcome
  {
    let vectors: [Float] = ids.indices.flatMap { [x + Float($0), 0, 0] }
    return try vectors.withUnsafeBytes { bytes in
      try withBytes(metadata) { metadata in
        try withPacked(ids) {
          try database.upsert(ids: $0, vectors: rows(bytes, ids.count), metadata: metadata, call: call)
        }
      }
    }
  }

  func search(_ x: Float = 0, k: UInt64 = 3, filter: String = "", call: CallOptions = CallOptions()) throws
    -> ResultColumns
  {
    try [x, 0, 0].withUnsafeBytes { bytes in
      try withBytes(filter) { filter in
        var options = SearchOptions()
        options.k = k
        options.filter = filter
        options.call = call
        return try database.search(rows(bytes, 1), options: options)
      }
    }
  }

  func search(near id: String) throws -> ResultColumns {
    try withBytes(id) { try database.search(near: $0, options: SearchOptions()) }
  }

  func updateMetadata(_ id: String, _ changes: String) throws {
    _ = try withBytes(changes) { changes in
      try withPacked([id]) { try database.updateMetadata(ids: $0, changes: changes, call: CallOptions()) }
    }
  }

  func delete(_ id: String) throws { _ = try withPacked([id]) { try database.delete(ids: $0, call: CallOptions()) } }

  func delete(matching filter: String) throws {
    _ = try withBytes(filter) { try database.delete(matching: $0, call: CallOptions()) }
  }

  func json(_ write: (Database, inout JSONWriter) throws -> Void) rethrows -> String {
    var writer = JSONWriter()
    try write(database, &writer)
    return writer.text
  }

  var metrics: String { json { $0.writeMetrics(to: &$1) } }
  var cacheStatistics: String { json { $0.writeCacheStatistics(to: &$1) } }
  func health(probe: Bool = false) throws -> String {
    try json { try $0.writeHealth(CallOptions(probe: probe), to: &$1) }
  }
}

extension ResultColumns {
  /// Ids of all rows, as text.
  var idTexts: [String] {
    (0..<rowCount).map { row in
      let range = Int(idOffsets.elements[row])..<Int(idOffsets.elements[row + 1])
      return String(decoding: ids.elements[range], as: UTF8.self)
    }
  }
}

/// Sleeps.
func wait(milliseconds: UInt32) { usleep(milliseconds * 1000) }

private func rows(_ bytes: UnsafeRawBufferPointer, _ count: Int) -> VectorRows {
  VectorRows(base: bytes.baseAddress, count: count, dimensions: 3, strideBytes: 12)
}

private func withBytes<R>(_ text: String, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
  try Array(text.utf8).withUnsafeBytes(body)
}

private func withPacked<R>(_ ids: [String], _ body: (PackedStrings) throws -> R) rethrows -> R {
  var offsets: [UInt64] = [0]
  for id in ids { offsets.append((offsets.last ?? 0) + UInt64(id.utf8.count)) }
  return try withBytes(ids.joined()) { bytes in
    try offsets.withUnsafeBufferPointer { offsets in
      try body(PackedStrings(bytes: bytes.baseAddress, offsets: offsets.baseAddress, count: ids.count))
    }
  }
}
