import Support
import VectorModel

/// The options of backend "pgvector".
enum PgvectorOptions {
  static let names: [String] = []
}
