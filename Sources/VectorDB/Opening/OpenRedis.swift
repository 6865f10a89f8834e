import Support
import VectorBackends
import VectorModel

/// Why backend "redis" cannot be opened here, or nil when it can.
func openRedisReason() -> String? { "backend \"redis\" is not part of version 0.1" }

func openRedis(_ opening: BackendOpening) throws(VectorError) -> OpenedBackend {
  throw VectorError(.unsupported, openRedisReason() ?? "")
}
