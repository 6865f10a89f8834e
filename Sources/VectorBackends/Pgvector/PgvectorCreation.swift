import Support
import VectorModel

/// The statements that make a table and its indexes.
struct PgvectorCreation {
  let settings: PgvectorSettings
  let shape: CollectionShape
  let pgvector: PgvectorExtension
  /// Quoted, with its schema where one was given.
  let table: String

  /// Vectors of more dimensions have no column.
  static let maxDimensions = 16_000
  /// Vectors of more dimensions are indexed as `halfvec`, and beyond the second number not at all.
  static let maxIndexedDimensions = 2_000
  static let maxHalfDimensions = 4_000

  /// Table, comment and indexes, as one transaction. Errors: `invalidOption` for names, `unsupported` for dimensions.
  func statements(_ index: IndexSpec) throws(VectorError) -> [String] {
    guard shape.dimensions <= Self.maxDimensions else {
      throw VectorError(
        .unsupported,
        "backend \"pgvector\" holds vectors of at most \(Self.maxDimensions) dimensions, not \(shape.dimensions)")
    }
    let id = try quotedIdentifier(settings.idColumn, what: "option \"id_column\"")
    let vector = try quotedIdentifier(settings.vectorColumn, what: "option \"vector_column\"")
    let metadata = try quotedIdentifier(settings.metadataColumn, what: "option \"metadata_column\"")
    let namespace = try quotedIdentifier(settings.namespaceColumn, what: "option \"namespace_column\"")
    let idType = settings.idType ?? .text
    let collation = idType == .text ? " COLLATE \"C\"" : ""
    var all = [
      """
      CREATE TABLE \(table) (\(namespace) text COLLATE "C" NOT NULL DEFAULT '', \(id) \(idType.rawValue)\(collation) NOT NULL, \
      \(vector) \(pgvector.vector)(\(shape.dimensions)) NOT NULL, \(metadata) jsonb NOT NULL DEFAULT '{}'::jsonb, \
      PRIMARY KEY (\(namespace), \(id)))
      """,
      "COMMENT ON TABLE \(table) IS '\(PgvectorCatalog.comment)\(shape.metric.rawValue)'",
    ]
    if settings.hasMetadataIndex { all.append("CREATE INDEX ON \(table) USING gin (\(metadata) jsonb_path_ops)") }
    // An IVF index learns its parts from the rows there are: made of none it would find little.
    if index.kind == .hnsw || index.kind == .auto, let made = try statement(index, vector, concurrently: false) {
      all.append(made)
    }
    return all
  }

  /// The statement that makes an approximate index; nil where `auto` means none. Errors: `unsupported`.
  func statement(_ index: IndexSpec, _ vector: String, concurrently: Bool) throws(VectorError) -> String? {
    let kind: PgvectorIndex.Kind
    switch index.kind {
    case .flat: return nil
    case .auto, .hnsw: kind = .hnsw
    case .ivf: kind = .ivf
    }
    let operators = [Metric.cosine: "cosine", .l2: "l2", .dot: "ip"][shape.metric] ?? "cosine"
    var indexed = "\(vector) \(pgvector.schema).vector_\(operators)_ops"
    if shape.dimensions > Self.maxIndexedDimensions {
      guard pgvector.hasHalf, shape.dimensions <= Self.maxHalfDimensions else {
        if index.kind == .auto { return nil }
        let limit = pgvector.hasHalf ? Self.maxHalfDimensions : Self.maxIndexedDimensions
        throw VectorError(
          .unsupported,
          "backend \"pgvector\" builds an index \"\(kind.rawValue)\" for at most \(limit) dimensions, not \(shape.dimensions)"
        )
      }
      let type = "\(pgvector.schema).halfvec"
      indexed = "(\(vector)::\(type)(\(shape.dimensions))) \(type)_\(operators)_ops"
    }
    var parameters: [String] = []
    if kind == .hnsw {
      if let m = index.m { parameters.append("m = \(m)") }
      if let candidates = index.efConstruction { parameters.append("ef_construction = \(candidates)") }
    } else {
      parameters.append("lists = \(index.lists ?? 100)")
    }
    let with = parameters.isEmpty ? "" : " WITH (\(parameters.joined(separator: ", ")))"
    return "CREATE INDEX \(concurrently ? "CONCURRENTLY " : "")ON \(table) USING \(kind.method) (\(indexed))\(with)"
  }
}
