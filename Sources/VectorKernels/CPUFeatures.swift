import CSupport

/// What the processor can do, as `vdb_cpu_features_json` tells it.
package struct CPUFeatures: Sendable {
  /// "x86_64" or "arm64".
  package let architecture: String
  /// The kernels in use: "baseline", "avx2" or "avx512".
  package let level: String
  /// Names of the features found, in a fixed order.
  package let features: [String]

  /// Asked once a process.
  package static let current: CPUFeatures = {
    var names: [String] = []
    while let name = vdb_cpu_feature_name(UInt32(truncatingIfNeeded: names.count)) {
      names.append(String(cString: name))
    }
    #if arch(x86_64)
      let architecture = "x86_64"
    #elseif arch(arm64)
      let architecture = "arm64"
    #else
      let architecture = "other"
    #endif
    return CPUFeatures(architecture: architecture, level: KernelTable.active.level.rawValue, features: names)
  }()
}
