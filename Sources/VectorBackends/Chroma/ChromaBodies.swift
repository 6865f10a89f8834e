import CSupport
import Support
import VectorModel

/// The JSON bodies that requests carry. A body that did not fit into memory throws `outOfMemory`.
enum ChromaBodies {
  /// A new collection. Its metadata tell the dimensions, which Chroma itself learns from the first record.
  static func create(_ name: String, _ shape: CollectionShape, _ index: IndexSpec) throws(VectorError) -> ColumnBuffer<
    UInt8
  > {
    try body { json in
      json.field("name", name)
      json.field("get_or_create", false)
      json.object("metadata") { $0.field(dimensionsKey, shape.dimensions) }
      json.object("configuration") { json in
        json.object("hnsw") { json in
          json.field("space", space(of: shape.metric))
          if let m = index.m { json.field("max_neighbors", m) }
          if let ef = index.efConstruction { json.field("ef_construction", ef) }
        }
      }
    }
  }

  /// In the metadata of a collection of ours.
  static let dimensionsKey = "_vdb_dimensions"

  static func space(of metric: Metric) -> String {
    switch metric {
    case .cosine: "cosine"
    case .l2: "l2"
    case .dot: "ip"
    }
  }

  static func metric(ofSpace space: ByteString) -> Metric? {
    Metric.allCases.first { ByteString(self.space(of: $0)) == space }
  }

  /// Records by id.
  static func get(ids: [ByteString], include: [String]) throws(VectorError) -> ColumnBuffer<UInt8> {
    try body { json in
      json.key("ids")
      json.array(ids)
      json.array("include", include)
    }
  }

  /// Ids of what matches; all where nothing is filtered.
  static func ids(matching filter: ChromaFilter, limit: Int? = nil) throws(VectorError) -> ColumnBuffer<UInt8> {
    try body { json in
      where_(filter, to: &json)
      if let limit { json.field("limit", limit) }
      json.array("include", [])
    }
  }

  /// Deletes those of the ids that match.
  static func delete(ids: [ByteString], matching filter: ChromaFilter) throws(VectorError) -> ColumnBuffer<UInt8> {
    try body { json in
      json.key("ids")
      json.array(ids)
      where_(filter, to: &json)
    }
  }

  /// Deletes at most `limit` of what matches.
  static func delete(matching filter: ChromaFilter, limit: Int) throws(VectorError) -> ColumnBuffer<UInt8> {
    try body { json in
      where_(filter, to: &json)
      json.field("limit", limit)
    }
  }

  /// The `k` nearest of each of some rows of the queries.
  static func query(
    _ queries: VectorRows, _ chosen: Range<Int>, k: Int, filter: ChromaFilter, include: [String]
  ) throws(VectorError) -> ColumnBuffer<UInt8> {
    let row = try scratch(queries.dimensions * Int(VDB_FLOAT_TEXT + 1))
    // What vectors of length one take, and the rest without a filter.
    return try body(reserving: chosen.count * queries.dimensions * 12 + 128) { json in
      json.key("query_embeddings")
      json.array { json in
        for query in chosen {
          guard let from = queries.row(query), let text = row.base else { continue }
          json.array { json in writeFloats(from, queries.dimensions, text, to: &json) }
        }
      }
      json.field("n_results", k)
      where_(filter, to: &json)
      json.array("include", include)
    }
  }

  /// Some items of a batch, for "upsert", under their stored ids. The batch must be kept until the body has been sent.
  static func upsert(
    _ batch: RecordBatch, _ items: [Int], stored: ArraySlice<ByteString>, namespace: ByteString,
    old: [ByteString: [ByteString]], lists: ChromaLists, base64: Bool
  ) throws(VectorError) -> HTTPRowBody {
    let head = try body { json in
      json.key("ids")
      json.array { json in for id in stored { json.string(id) } }
      json.key("metadatas")
      json.array { json in
        for (item, id) in zip(items, stored) {
          let gone = old.isEmpty ? [] : old[id] ?? []
          batch.metadata.withEntry(item) { entry in
            ChromaMetadata.write(entry, lists, namespace: namespace, removing: gone, to: &json)
          }
        }
      }
    }
    // One more member, in place of the end of the object.
    head.truncate(to: head.count - 1)
    let (key, end) = (",\"embeddings\":[", "]}")
    guard key.utf8.allSatisfy({ head.append($0) }) else { throw outOfMemory }
    let body =
      if base64 { base64Rows(batch.vectors, items, head, end) } else { try numberRows(batch.vectors, items, head, end) }
    guard let body else { throw outOfMemory }
    return body
  }

  /// A body that ends with vectors as base64, which are all of the same length and are written while they are sent.
  private static func base64Rows(
    _ vectors: VectorRows, _ items: [Int], _ head: ColumnBuffer<UInt8>, _ end: String
  ) -> HTTPRowBody? {
    let size = vectors.dimensions * MemoryLayout<Float>.size
    let length = vdb_base64_length(size)
    let tail = ColumnBuffer<UInt8>()
    guard end.utf8.allSatisfy({ tail.append($0) }) else { return nil }
    return HTTPRowBody(head: head, rows: items.count, rowBytes: length + 3, tail: tail) { row, target in
      // The space is for those after the first, which need a comma.
      let text = target.assumingMemoryBound(to: UInt8.self)
      text[0] = row == 0 ? 0x20 : 0x2C
      text[1] = 0x22
      if let from = vectors.row(items[row]) {
        vdb_base64_encode(from, size, target.assumingMemoryBound(to: CChar.self) + 2)
      }
      text[length + 2] = 0x22
    }
  }

  /// The same with vectors as numbers, for servers that take nothing else: written beforehand, as they differ in length.
  private static func numberRows(
    _ vectors: VectorRows, _ items: [Int], _ head: ColumnBuffer<UInt8>, _ end: String
  ) throws(VectorError) -> HTTPRowBody? {
    let row = try scratch(vectors.dimensions * Int(VDB_FLOAT_TEXT + 1))
    for (place, item) in items.enumerated() {
      guard let from = vectors.row(item), let text = row.base else { continue }
      var json = JSONWriter(head)
      if place > 0 { guard head.append(0x2C) else { return nil } }
      json.array { json in writeFloats(from, vectors.dimensions, text, to: &json) }
      if json.failed { return nil }
    }
    return end.utf8.allSatisfy({ head.append($0) }) ? HTTPRowBody(head: head) : nil
  }

  /// Changes of metadata, for "update": a null removes its key. `old` are the keys to be removed where the new ones lack them.
  static func update(
    ids: [ByteString], _ changes: MetadataBatch, _ items: [Int], old: [[ByteString]], lists: ChromaLists
  ) throws(VectorError) -> HTTPRowBody {
    let text = try body { json in
      json.key("ids")
      json.array(ids)
      json.key("metadatas")
      json.array { json in
        for (item, old) in zip(items, old) {
          changes.withEntry(item) { entry in
            ChromaMetadata.write(entry, lists, namespace: ByteString([]), removing: old, to: &json)
          }
        }
      }
    }
    guard let body = HTTPRowBody(head: text) else { throw outOfMemory }
    return body
  }

  // MARK: - Parts

  private static func body(
    reserving bytes: Int = 256, _ members: (inout JSONWriter) -> Void
  ) throws(VectorError) -> ColumnBuffer<UInt8> {
    var json = JSONWriter(try scratch(bytes))
    json.object(members)
    if json.failed { throw outOfMemory }
    return json.output
  }

  private static let outOfMemory = VectorError(.outOfMemory, "not enough memory for a request")

  private static func scratch(_ bytes: Int) throws(VectorError) -> ColumnBuffer<UInt8> {
    let buffer = ColumnBuffer<UInt8>()
    guard buffer.reserve(bytes) else { throw outOfMemory }
    return buffer
  }

  private static func where_(_ filter: ChromaFilter, to json: inout JSONWriter) {
    // An empty object there is an error.
    guard filter != .everything else { return }
    json.key("where")
    filter.write(to: &json)
  }

  private static func writeFloats(
    _ row: UnsafeRawPointer, _ count: Int, _ text: UnsafeMutablePointer<UInt8>, to json: inout JSONWriter
  ) {
    let length = text.withMemoryRebound(to: CChar.self, capacity: count * Int(VDB_FLOAT_TEXT + 1)) {
      vdb_floats_to_text(row, count, $0)
    }
    json.raw(UnsafeRawBufferPointer(start: text, count: length))
  }
}
