import CVectorDB

/// Version of this library, for messages.
let libraryVersion = "\(VDB_VERSION_MAJOR).\(VDB_VERSION_MINOR).\(VDB_VERSION_PATCH)"

private let versionText: StaticString = "0.1.0"

@c @implementation
public func vdb_version() -> UnsafePointer<CChar>? { borrowed(versionText) }

@c @implementation
public func vdb_version_number() -> UInt32 {
  UInt32(VDB_VERSION_MAJOR) * 1_000_000 + UInt32(VDB_VERSION_MINOR) * 1000 + UInt32(VDB_VERSION_PATCH)
}

/// A literal as C text that lives as long as the process.
func borrowed(_ text: StaticString) -> UnsafePointer<CChar> {
  UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}
