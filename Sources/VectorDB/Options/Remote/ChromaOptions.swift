import Support
import VectorModel

/// The options of backend "chroma".
enum ChromaOptions {
  static let names: [String] = []
}
