import Support
import VectorBackends
import VectorModel

/// Why backend "chroma" cannot be opened here, or nil when it can.
func openChromaReason() -> String? { "backend \"chroma\" is not part of version 0.1" }

func openChroma(_ opening: BackendOpening) throws(VectorError) -> OpenedBackend {
  throw VectorError(.unsupported, openChromaReason() ?? "")
}
