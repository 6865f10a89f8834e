import Support
import VectorModel

/// The backends, by the names users write.
package enum BackendKind: String, CaseIterable, Sendable {
  case memory, file, chroma, pinecone, weaviate, qdrant, milvus, pgvector, redis, azure

  /// Why this build cannot open it, or nil when it can.
  package var unavailableReason: String? {
    self == .memory ? nil : "backend \"\(rawValue)\" is not part of version 0.1"
  }

  /// The list behind `vdb_backends_json`.
  package static func writeAll(to json: inout JSONWriter) {
    json.array { json in
      for kind in allCases {
        json.object { json in
          json.field("name", kind.rawValue)
          json.field("available", kind.unavailableReason == nil)
          if let reason = kind.unavailableReason { json.field("reason", reason) }
        }
      }
    }
  }
}
