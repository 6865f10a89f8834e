import CSupport
import Support

/// What a write makes outdated: one namespace of one collection behind one connection identity.
///
/// Made once for a database or a view of it. Two scopes are equal only when all three parts are.
package struct CacheScope: Hashable, Sendable {
  /// The three parts, each behind its length.
  let bytes: [UInt8]
  /// Which generation counter it shares; see `WriteGenerations`.
  let slot: Int

  /// - Parameter identity: what tells connections apart: backend, address, user, credential, ….
  package init(identity: ByteString, collection: ByteString, namespace: ByteString) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(identity.count + collection.count + namespace.count + 24)
    for part in [identity, collection, namespace] {
      withUnsafeBytes(of: UInt64(part.count).littleEndian) { bytes.append(contentsOf: $0) }
      bytes.append(contentsOf: part.bytes)
    }
    self.bytes = bytes
    slot = bytes.withUnsafeBytes { WriteGenerations.slot(of: vdb_hash($0.baseAddress, $0.count, 0, 0)) }
  }
}
