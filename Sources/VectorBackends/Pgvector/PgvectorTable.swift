import Support
import VectorModel

/// A table as it was found, and its parts in SQL. Never changes; an index built later makes a new one.
final class PgvectorTable: Sendable {
  let name: String
  /// Schema and table, quoted.
  let qualified: String
  let schema: String
  /// Columns, quoted. nil = the table has none.
  let id: String
  let vector: String
  let metadata: String?
  let namespace: String?
  let idType: PgvectorIDType
  let shape: CollectionShape
  let pgvector: PgvectorExtension
  /// The index that serves searches by this metric, nil = none.
  let index: PgvectorIndex?
  /// Whether COPY can write it: the id is text, the metadata `jsonb`.
  let isCopyable: Bool
  let searches = PgvectorSearchTexts()

  init(
    schema: String, name: String, columns: (id: String, vector: String, metadata: String?, namespace: String?),
    idType: PgvectorIDType, shape: CollectionShape, pgvector: PgvectorExtension, index: PgvectorIndex?, isCopyable: Bool
  ) {
    self.schema = schema
    self.name = name
    qualified = quotedIdentifier(schema) + "." + quotedIdentifier(name)
    id = quotedIdentifier(columns.id)
    vector = quotedIdentifier(columns.vector)
    metadata = columns.metadata.map { quotedIdentifier($0) }
    namespace = columns.namespace.map { quotedIdentifier($0) }
    self.idType = idType
    self.shape = shape
    self.pgvector = pgvector
    self.index = index
    self.isCopyable = isCopyable
  }

  /// The id as text.
  var idText: String { idType == .text ? id : "\(id)::text" }

  /// The metadata in filters; without a column every record has none.
  var metadataInFilters: String { metadata ?? "'{}'::jsonb" }

  /// SQL for the distance to `query`, which is SQL for a vector.
  func distance(to query: String) -> String { "\(vector) \(pgvector.distanceOperator(shape.metric)) \(query)" }

  /// SQL that the approximate index orders by.
  func indexedDistance(to query: String) -> String {
    guard let index, index.isHalf else { return distance(to: query) }
    let type = "\(pgvector.schema).halfvec(\(shape.dimensions))"
    return "(\(vector)::\(type)) \(pgvector.distanceOperator(shape.metric)) (\(query)::\(type))"
  }

  /// How messages call it.
  static func title(_ name: ByteString) -> String { "table \(quoted(name))" }
}

/// The extension of a database.
struct PgvectorExtension: Sendable, Equatable {
  /// Quoted. Everything of it is named with its schema, whatever the session's search path.
  let schema: String
  /// 0.8 is (0, 8).
  let major: Int
  let minor: Int
  /// The number of its type in this database.
  let vectorType: UInt32

  /// `halfvec` came with 0.7.
  var hasHalf: Bool { (major, minor) >= (0, 7) }
  /// Scans that go on until enough rows passed the filter came with 0.8.
  var hasIterativeScans: Bool { (major, minor) >= (0, 8) }

  /// The type, qualified.
  var vector: String { "\(schema).vector" }

  func distanceOperator(_ metric: Metric) -> String {
    switch metric {
    case .cosine: "OPERATOR(\(schema).<=>)"
    case .l2: "OPERATOR(\(schema).<->)"
    case .dot: "OPERATOR(\(schema).<#>)"
    }
  }
}

/// An approximate index of a table.
struct PgvectorIndex: Sendable, Equatable {
  enum Kind: String, Sendable {
    case hnsw
    case ivf

    /// Its name in `CREATE INDEX … USING`.
    var method: String { self == .hnsw ? "hnsw" : "ivfflat" }
  }

  let kind: Kind
  let metric: Metric
  /// Over the vectors as `halfvec`.
  let isHalf: Bool
  /// Parts of an IVF index.
  let lists: Int
}
