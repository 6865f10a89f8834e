// swift-tools-version: 6.2
import PackageDescription

let root = Context.packageDirectory

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  // Checked wherever the tests run: a check that fails would end the host, and they cost some percent of every call.
  .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

// One kernel source, three builds. Only these targets may hold instructions newer than x86-64-v1: scripts/check-isa.
let baseline: [SwiftSetting] = [.define("VDB_BASELINE"), .unsafeFlags(["-Ounchecked", "-Xfrontend", "-disable-cmo"])]
#if arch(x86_64)
  let avx2: [SwiftSetting] = [
    .define("VDB_FMA"), .unsafeFlags(["-Ounchecked", "-Xfrontend", "-disable-cmo", "-Xcc", "-march=x86-64-v3"]),
  ]
  let avx512: [SwiftSetting] = [
    .define("VDB_FMA"), .define("VDB_AVX512"),
    .unsafeFlags([
      "-Ounchecked", "-Xfrontend", "-disable-cmo", "-Xcc", "-march=x86-64-v4", "-Xcc", "-mprefer-vector-width=512",
    ]),
  ]
#else
  let avx2: [SwiftSetting] = []
  let avx512: [SwiftSetting] = []
#endif

let package = Package(
  name: "vectordb",
  products: [.library(name: "vectordb", type: .dynamic, targets: ["vectordb"])],
  dependencies: [
    // Without its default traits, which would pull all of Foundation in.
    .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0", traits: [])
  ],
  targets: [
    .systemLibrary(name: "CVectorDB", path: "include"),
    // Hidden, because its functions share the prefix of the exported ones.
    .target(
      name: "CSupport", cSettings: [.unsafeFlags(["-fvisibility=hidden"])],
      cxxSettings: [.unsafeFlags(["-fvisibility=hidden"])]),
    // Hidden for the same reason.
    .target(
      name: "CLibraries", dependencies: ["CSupport"], cSettings: [.unsafeFlags(["-fvisibility=hidden"])],
      // The archive, not the shared library beside it.
      linkerSettings: [.linkedLibrary(":libhiredis.a")]),
    .target(name: "Support", dependencies: ["CSupport"], swiftSettings: strict),

    .target(name: "VectorKernelsBaseline", dependencies: ["CSupport"], swiftSettings: strict + baseline),
    .target(name: "VectorKernelsAVX2", dependencies: ["CSupport"], swiftSettings: strict + avx2),
    .target(name: "VectorKernelsAVX512", dependencies: ["CSupport"], swiftSettings: strict + avx512),
    .target(
      name: "VectorKernels",
      dependencies: ["CSupport", "VectorKernelsBaseline", "VectorKernelsAVX2", "VectorKernelsAVX512"],
      swiftSettings: strict),

    .target(name: "VectorModel", dependencies: ["Support", "CSupport"], swiftSettings: strict),
    .target(
      name: "VectorIndex", dependencies: ["VectorKernels", "VectorModel", "Support", "CSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "VectorIndexTests", dependencies: ["VectorIndex", "VectorKernels", "VectorModel", "Support"],
      swiftSettings: strict),
    .testTarget(
      name: "VectorKernelsTests", dependencies: ["VectorKernels", "CSupport"], swiftSettings: strict),
    .executableTarget(
      name: "kernel-selftest", dependencies: ["VectorIndex", "VectorKernels", "VectorModel", "Support"],
      path: "Tests/KernelSelfTest", swiftSettings: strict),
    .target(name: "CKernelLimits", path: "benchmarks/limits"),
    .executableTarget(
      name: "kernel-bench",
      dependencies: ["VectorIndex", "VectorKernels", "VectorModel", "Support", "CSupport", "CKernelLimits"],
      path: "benchmarks/kernels", swiftSettings: strict),
    .executableTarget(
      name: "resilience-bench", dependencies: ["Resilience", "Support"], path: "benchmarks/resilience",
      swiftSettings: strict),
    .target(
      name: "VectorStore", dependencies: ["VectorIndex", "VectorModel", "Support", "CSupport"], swiftSettings: strict),
    .target(name: "Resilience", dependencies: ["Support", "CSupport"], swiftSettings: strict),
    .target(
      name: "VectorBackends",
      dependencies: [
        "Resilience", "VectorStore", "VectorIndex", "VectorKernels", "VectorModel", "Support", "CSupport", "CLibraries",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["Milvus/Messages/milvus.proto", "Milvus/Messages/README.md"], swiftSettings: strict),
    .target(
      name: "VectorDB",
      dependencies: ["VectorBackends", "Resilience", "VectorKernels", "VectorModel", "Support", "CSupport"],
      swiftSettings: strict),
    .target(
      name: "VectorDBC",
      dependencies: ["VectorDB", "VectorKernels", "VectorModel", "Support", "CSupport", "CVectorDB"],
      swiftSettings: strict),

    .target(name: "CTestSupport", path: "Tests/CTestSupport"),
    .testTarget(
      name: "SupportTests", dependencies: ["Support", "CSupport", "CTestSupport"], swiftSettings: strict),
    .testTarget(
      name: "ResilienceTests", dependencies: ["Resilience", "Support", "CSupport", "CTestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "VectorStoreTests",
      dependencies: ["VectorStore", "VectorIndex", "VectorModel", "Support"], swiftSettings: strict),
    .testTarget(
      name: "MemoryBackendTests",
      dependencies: ["VectorBackends", "VectorStore", "VectorModel", "Support", "CTestSupport"], swiftSettings: strict),

    .testTarget(
      name: "VectorBackendsTests",
      dependencies: [
        "VectorBackends", "Resilience", "VectorModel", "Support", "CTestSupport",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["Milvus/Messages/search.proto"], swiftSettings: strict),

    // What the library alone gets, so that the Swift runtime inside it does no harm to the host.
    .target(name: "CHostGuard", cSettings: [.unsafeFlags(["-fvisibility=hidden"])]),
    // Link-only: flags here must not reach the test bundles, which depend on the targets above.
    .target(
      name: "vectordb", dependencies: ["VectorDBC", "CHostGuard"],
      linkerSettings: [
        .unsafeFlags([
          "-static-stdlib", "-use-ld=lld",
          "-Xlinker", "--version-script=\(root)/abi/vectordb.map",
          "-Xlinker", "-soname=libvectordb.so.0",
          "-Xlinker", "-z", "-Xlinker", "nodelete", "-Xlinker", "-z", "-Xlinker", "now",
          "-Xlinker", "--wrap=getenv", "-Xlinker", "--wrap=environ",
          "-Xlinker", "--wrap=pthread_key_create",
          // What FoundationEssentials, which SwiftProtobuf has its Data from, needs beside itself.
          "-l_FoundationCollections", "-l_FoundationCShims", "-lswiftSynchronization",
        ])
      ]),

    .testTarget(
      name: "VectorDBTests",
      dependencies: ["VectorDB", "VectorBackends", "Resilience", "VectorModel", "Support", "CSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "VectorDBCTests", dependencies: ["VectorDBC", "VectorModel", "Support", "CVectorDB"],
      swiftSettings: strict),
    .testTarget(name: "VectorModelTests", dependencies: ["VectorModel", "Support", "CSupport"], swiftSettings: strict),
  ],
  cxxLanguageStandard: .cxx17
)
