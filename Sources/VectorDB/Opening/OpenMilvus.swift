import Support
import VectorBackends
import VectorModel

/// Why backend "milvus" cannot be opened here, or nil when it can.
func openMilvusReason() -> String? { "backend \"milvus\" is not part of version 0.1" }

func openMilvus(_ opening: BackendOpening) throws(VectorError) -> OpenedBackend {
  throw VectorError(.unsupported, openMilvusReason() ?? "")
}
