import Glibc

/// The ids and metadata of a chunk's rows, packed into blocks that never move, so that readers may look at them while the
/// writer adds more. Written by one thread at a time; freed as a whole.
///
/// A record is `[id length: 2 bytes][metadata length: 4 bytes][id][metadata]`.
final class RecordArena {
  private var blocks: [Block] = []
  /// Bytes of all blocks.
  private(set) var size = 0

  private struct Block {
    let base: UnsafeMutableRawPointer
    let capacity: Int
    var used: Int
  }

  /// A state to go back to.
  struct Mark {
    fileprivate let blockCount: Int
    fileprivate let used: Int
  }

  private static let smallestBlock = 2 << 10
  private static let largestBlock = 256 << 10
  private static let header = 6

  deinit { for block in blocks { free(block.base) } }

  /// Stores a record; nil when out of memory, or when a length does not fit its field.
  func append(id: UnsafeRawBufferPointer, metadata: UnsafeRawBufferPointer) -> UnsafeRawPointer? {
    guard let idLength = UInt16(exactly: id.count), let metadataLength = UInt32(exactly: metadata.count) else {
      return nil
    }
    guard let record = room(for: Self.header + id.count + metadata.count) else { return nil }
    record.storeBytes(of: idLength, as: UInt16.self)
    record.storeBytes(of: metadataLength, toByteOffset: 2, as: UInt32.self)
    if let from = id.baseAddress { memcpy(record + Self.header, from, id.count) }
    if let from = metadata.baseAddress { memcpy(record + Self.header + id.count, from, metadata.count) }
    return UnsafeRawPointer(record)
  }

  private func room(for bytes: Int) -> UnsafeMutableRawPointer? {
    if let last = blocks.indices.last, blocks[last].capacity - blocks[last].used >= bytes {
      defer { blocks[last].used += bytes }
      return blocks[last].base + blocks[last].used
    }
    let capacity = max(bytes, min(max(size, Self.smallestBlock), Self.largestBlock))
    guard let base = malloc(capacity) else { return nil }
    blocks.append(Block(base: base, capacity: capacity, used: bytes))
    size += capacity
    return base
  }

  func mark() -> Mark { Mark(blockCount: blocks.count, used: blocks.last?.used ?? 0) }

  /// Forgets what was stored since `mark`: nobody may have been told of it.
  func rewind(to mark: Mark) {
    while blocks.count > mark.blockCount, let block = blocks.popLast() {
      size -= block.capacity
      free(block.base)
    }
    if let last = blocks.indices.last { blocks[last].used = mark.used }
  }

  /// The id in a stored record.
  static func id(of record: UnsafeRawPointer) -> UnsafeRawBufferPointer {
    let length = Int(record.loadUnaligned(as: UInt16.self))
    return UnsafeRawBufferPointer(start: record + header, count: length)
  }

  /// The encoded metadata in a stored record.
  static func metadata(of record: UnsafeRawPointer) -> UnsafeRawBufferPointer {
    let idLength = Int(record.loadUnaligned(as: UInt16.self))
    let length = Int(record.loadUnaligned(fromByteOffset: 2, as: UInt32.self))
    return UnsafeRawBufferPointer(start: record + header + idLength, count: length)
  }
}
