import CLibraries
import Support

/// Makes replies of the bytes that arrive. Bounded: a server cannot make it hold more than its limits. One thread at a time.
final class RedisReader {
  private let reader: OpaquePointer

  /// Why what arrives makes no reply.
  enum Failure: Error { case invalid, tooLarge, outOfMemory }

  /// nil when out of memory.
  init?(maxBytes: Int, maxValues: UInt32) {
    guard let reader = vdb_redis_reader_new(maxBytes, maxValues) else { return nil }
    self.reader = reader
  }

  deinit { vdb_redis_reader_free(reader) }

  func feed(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
    guard let base = bytes.baseAddress, bytes.count > 0 else { return }
    try Self.check(vdb_redis_reader_feed(reader, base, bytes.count))
  }

  /// The next reply that has arrived in full, valid until this is asked again; nil when there is none.
  func next() throws(Failure) -> RedisReply? {
    let status = vdb_redis_reader_next(reader)
    if status == VDB_REDIS_REPLY, let nodes = vdb_redis_reader_nodes(reader) {
      return RedisReply(nodes: nodes, texts: vdb_redis_reader_texts(reader))
    }
    try Self.check(status)
    return nil
  }

  private static func check(_ status: Int32) throws(Failure) {
    switch status {
    case VDB_REDIS_INVALID: throw .invalid
    case VDB_REDIS_TOO_LARGE: throw .tooLarge
    case VDB_REDIS_NO_MEMORY: throw .outOfMemory
    default: break
    }
  }
}
