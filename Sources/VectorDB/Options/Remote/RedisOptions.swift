import Support
import VectorModel

/// The options of backend "redis".
enum RedisOptions {
  static let names: [String] = []
}
