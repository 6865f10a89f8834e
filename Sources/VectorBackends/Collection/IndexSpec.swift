/// An index as users name it: option "index" and `create_index`. What is nil is chosen by the backend.
package struct IndexSpec: Sendable, Equatable {
  package enum Kind: String, Sendable, CaseIterable {
    /// Whatever the backend does best.
    case auto
    /// None: every record is compared.
    case flat
    case hnsw
    case ivf
  }

  package var kind: Kind
  /// "m": links a node of an HNSW graph has, 2...1024.
  package var m: Int?
  /// "ef_construction": candidates looked at while building an HNSW graph, 4...65,536.
  package var efConstruction: Int?
  /// "lists": parts of an IVF index, 1...1,000,000.
  package var lists: Int?

  package init(_ kind: Kind = .auto, m: Int? = nil, efConstruction: Int? = nil, lists: Int? = nil) {
    self.kind = kind
    self.m = m
    self.efConstruction = efConstruction
    self.lists = lists
  }
}
