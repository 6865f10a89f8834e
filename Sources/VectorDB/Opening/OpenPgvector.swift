import Support
import VectorBackends
import VectorModel

/// Why backend "pgvector" cannot be opened here, or nil when it can.
func openPgvectorReason() -> String? { "backend \"pgvector\" is not part of version 0.1" }

func openPgvector(_ opening: BackendOpening) throws(VectorError) -> OpenedBackend {
  throw VectorError(.unsupported, openPgvectorReason() ?? "")
}
