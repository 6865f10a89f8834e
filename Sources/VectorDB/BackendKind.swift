import Support
import VectorBackends
import VectorModel

/// The backends, by the names users write.
package enum BackendKind: String, CaseIterable, Sendable {
  case memory, file, chroma, pinecone, weaviate, qdrant, milvus, pgvector, redis, azure

  /// Why no build of this version opens it, or nil when builds do.
  var absenceReason: String? {
    switch self {
    case .memory, .chroma, .milvus, .pgvector, .redis: nil
    case .file, .pinecone, .weaviate, .qdrant, .azure: "backend \"\(rawValue)\" is not part of version 0.1"
    }
  }

  /// Why this build on this machine cannot open it, or nil when it can: a library that it needs may be missing.
  package var unavailableReason: String? {
    switch self {
    case .memory: nil
    case .chroma: openChromaReason()
    case .milvus: openMilvusReason()
    case .pgvector: openPgvectorReason()
    case .redis: openRedisReason()
    case .file, .pinecone, .weaviate, .qdrant, .azure: absenceReason
    }
  }

  /// Kinds of indexes it builds, beside "auto".
  var indexes: [String] {
    switch self {
    case .memory: ["flat"]
    case .chroma: ["hnsw"]
    case .redis: ["flat", "hnsw"]
    case .pgvector, .milvus: ["flat", "hnsw", "ivf"]
    case .file, .pinecone, .weaviate, .qdrant, .azure: []
    }
  }

  /// Names of the options it takes beside those that all take.
  var optionNames: [String] {
    switch self {
    case .memory: ["threads"]
    case .chroma: ChromaOptions.names
    case .milvus: MilvusOptions.names
    case .pgvector: PgvectorOptions.names
    case .redis: RedisOptions.names
    case .file, .pinecone, .weaviate, .qdrant, .azure: []
    }
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
