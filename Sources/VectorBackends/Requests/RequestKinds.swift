import Resilience

/// The requests that backends send, by the operation they serve. All of ours may be repeated: ids are the caller's, so writing
/// or deleting a record twice leaves what doing it once leaves.
extension RequestKind {
  static let upsert = RequestKind("upsert", .write)
  static let updateMetadata = RequestKind("update_metadata", .write)
  static let delete = RequestKind("delete", .write)
  static let deleteWhere = RequestKind("delete_where", .write)
  static let clear = RequestKind("clear", .write)
  static let search = RequestKind("search", .read)
  static let get = RequestKind("get", .read)
  static let page = RequestKind("page", .read)
  static let count = RequestKind("count", .read)
  static let flush = RequestKind("flush", .control)
  static let probe = RequestKind("probe", .control)
  static let drop = RequestKind("drop", .control)
  static let createIndex = RequestKind("create_index", .control)
  static let collections = RequestKind("collections", .control)
  static let namespaces = RequestKind("namespaces", .control)
}
