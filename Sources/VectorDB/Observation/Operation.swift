/// The operations that are counted apart. Raw values are places in `CallMetrics.operations`.
package enum Operation: Int, CaseIterable, Sendable {
  case open, upsert, updateMetadata, delete, deleteWhere
  case search, searchBatch, searchByID, get, page, count
  case clear, drop, flush, createIndex, collections, namespaces

  /// As metrics, events and errors write it.
  package var name: String { "\(label)" }

  /// The same for code that may not allocate.
  var label: StaticString {
    switch self {
    case .open: "open"
    case .upsert: "upsert"
    case .updateMetadata: "update_metadata"
    case .delete: "delete"
    case .deleteWhere: "delete_where"
    case .search: "search"
    case .searchBatch: "search_batch"
    case .searchByID: "search_by_id"
    case .get: "get"
    case .page: "page"
    case .count: "count"
    case .clear: "clear"
    case .drop: "drop"
    case .flush: "flush"
    case .createIndex: "create_index"
    case .collections: "collections"
    case .namespaces: "namespaces"
    }
  }

  /// Whether it changes records or the collection.
  var isWrite: Bool {
    switch self {
    case .upsert, .updateMetadata, .delete, .deleteWhere, .clear, .drop, .createIndex: true
    case .open, .search, .searchBatch, .searchByID, .get, .page, .count, .flush, .collections, .namespaces: false
    }
  }

  /// Whether options of one backend alone may shape it.
  var isSearch: Bool { self == .search || self == .searchBatch || self == .searchByID }

  /// Milliseconds a call may take when its caller does not say: batches and scans of everything have no total.
  var standardTimeout: UInt64? {
    switch self {
    case .search, .searchByID, .get, .count, .updateMetadata, .delete, .collections, .namespaces: 30_000
    case .open, .drop: 300_000
    case .upsert, .deleteWhere, .searchBatch, .page, .clear, .flush, .createIndex: nil
    }
  }
}
