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
    return try body { json in
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

  /// Some items of a batch, for "upsert".
  static func upsert(
    _ batch: RecordBatch, _ items: [Int], namespace: ByteString, old: [ByteString: [ByteString]], lists: ChromaLists,
    base64: Bool
  ) throws(VectorError) -> ColumnBuffer<UInt8> {
    let dimensions = batch.vectors.dimensions
    let row = try scratch(max(vdb_base64_length(dimensions * 4) + 2, dimensions * Int(VDB_FLOAT_TEXT + 1)))
    return try body { json in
      let ids = items.map { ChromaNames.storedID(batch.ids[$0], in: namespace) }
      json.key("ids")
      json.array(ids)
      json.key("embeddings")
      json.array { json in
        for item in items {
          guard let from = batch.vectors.row(item), let text = row.base else { continue }
          if base64 {
            writeBase64(from, dimensions * 4, text, to: &json)
          } else {
            json.array { json in writeFloats(from, dimensions, text, to: &json) }
          }
        }
      }
      json.key("metadatas")
      json.array { json in
        for (item, id) in zip(items, ids) {
          batch.metadata.withEntry(item) { entry in
            ChromaMetadata.write(entry, lists, namespace: namespace, removing: old[id] ?? [], to: &json)
          }
        }
      }
    }
  }

  /// Changes of metadata, for "update": a null removes its key. `old` are the keys to be removed where the new ones lack them.
  static func update(
    ids: [ByteString], _ changes: MetadataBatch, _ items: [Int], old: [[ByteString]], lists: ChromaLists
  ) throws(VectorError) -> ColumnBuffer<UInt8> {
    try body { json in
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
  }

  // MARK: - Parts

  private static func body(_ members: (inout JSONWriter) -> Void) throws(VectorError) -> ColumnBuffer<UInt8> {
    var json = JSONWriter()
    json.object(members)
    if json.failed { throw VectorError(.outOfMemory, "not enough memory for a request") }
    return json.output
  }

  private static func scratch(_ bytes: Int) throws(VectorError) -> ColumnBuffer<UInt8> {
    let buffer = ColumnBuffer<UInt8>()
    guard buffer.reserve(bytes) else { throw VectorError(.outOfMemory, "not enough memory for a request") }
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

  private static func writeBase64(
    _ bytes: UnsafeRawPointer, _ count: Int, _ text: UnsafeMutablePointer<UInt8>, to json: inout JSONWriter
  ) {
    let length = vdb_base64_length(count)
    text[0] = 0x22
    (text + 1).withMemoryRebound(to: CChar.self, capacity: length) { vdb_base64_encode(bytes, count, $0) }
    text[length + 1] = 0x22
    json.raw(UnsafeRawBufferPointer(start: text, count: length + 2))
  }
}
