import Support
import VectorModel

/// The options of backend "milvus".
enum MilvusOptions {
  static let names: [String] = []
}
