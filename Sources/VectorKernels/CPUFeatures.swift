/// What the processor can do, as `vdb_cpu_features_json` tells it.
package struct CPUFeatures: Sendable {
  /// "x86_64" or "arm64".
  package let architecture: String
  /// The kernels in use: "baseline", "avx2" or "avx512".
  package let level: String
  /// Names of the features found, in a fixed order.
  package let features: [String]

  package static let current = CPUFeatures(architecture: "x86_64", level: "baseline", features: [])
}
