/// What a backend can do, as `vdb_database_capabilities_json` tells it.
package struct Capabilities: Sendable {
  package var backend: String
  /// Largest k, nil = no cap.
  package var maxTopK: Int?
  package var maxDimensions: Int
  /// Whether vectors come back bit by bit as they were written.
  package var vectorsUnchanged: Bool
  /// Whether a batch appears at once or not at all.
  package var atomicBatch: Bool
  package var metadataUpdate: MetadataUpdate
  package var readYourWrites: ReadYourWrites
  package var filteredCount: Bool
  /// Filter operators it can express, by their JSON names.
  package var filterOperators: [String]
  package var metrics: [String]
  package var indexes: [String]

  package enum MetadataUpdate: String, Sendable { case atomic, readModifyWrite = "read_modify_write" }
  package enum ReadYourWrites: String, Sendable { case strong, flush, bestEffort = "best_effort" }
}
