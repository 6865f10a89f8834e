import CSupport
import Glibc
import VectorModel

/// The different values met so far while a column is built, each with its code from 1 on.
struct ValueDictionary: ~Copyable {
  /// Upper half of the hash and the code; 0 = free.
  private let slots: ColumnMemory<UInt64>
  private let mask: Int
  private let values: ColumnMemory<StoredValue>
  private let limit: Int
  private(set) var count = 0

  /// For at most `limit` values; nil when out of memory.
  init?(limit: Int) {
    var capacity = 32
    while capacity < 2 * limit { capacity *= 2 }
    guard let slots = ColumnMemory<UInt64>(zeroed: capacity), let values = ColumnMemory<StoredValue>(zeroed: limit)
    else { return nil }
    self.slots = slots
    self.values = values
    mask = capacity - 1
    self.limit = limit
  }

  /// The code of a value, a new one when it is new; nil when that would be one too many.
  mutating func code(of value: StoredValue) -> Int? {
    let hash = vdb_hash(value.bytes.baseAddress, value.bytes.count, processHashKey.0, processHashKey.1)
    var at = Int(truncatingIfNeeded: hash) & mask
    while slots.base[at] != 0 {
      if (slots.base[at] ^ hash) >> 32 == 0 {
        let code = Int(UInt32(truncatingIfNeeded: slots.base[at]))
        if values.base[code - 1].isSame(as: value) { return code }
      }
      at = (at + 1) & mask
    }
    guard count < limit else { return nil }
    values.base[count] = value
    count += 1
    slots.base[at] = hash & ~UInt64(UInt32.max) | UInt64(count)
    return count
  }

  /// Most bytes of values that are copied.
  private static let copyLimit = 16 << 10

  /// The values by code - 1, in memory that is `free`'s, their bytes behind them: a filter asks each value, and would else
  /// fetch it from a record of its own. Where they are long they stay in the records.
  consuming func takeValues() -> UnsafeMutableBufferPointer<StoredValue> {
    let count = count
    let kept = values.take(count)
    let table = count * MemoryLayout<StoredValue>.stride
    let size = Self.copied(UnsafeMutableBufferPointer(start: kept, count: count))
    guard size > 0, let grown = realloc(kept, table + size) else {
      return UnsafeMutableBufferPointer(start: kept, count: count)
    }
    let values = UnsafeMutableBufferPointer(start: grown.assumingMemoryBound(to: StoredValue.self), count: count)
    var at = grown + table
    for index in values.indices {
      values[index] = values[index].copied(to: at)
      at += values[index].bytes.count
    }
    return values
  }

  /// Bytes that copies of the values take; 0 when they are too long to be copied.
  static func copied(_ values: UnsafeMutableBufferPointer<StoredValue>) -> Int {
    let size = values.reduce(0) { $0 + $1.bytes.count }
    return size <= copyLimit ? size : 0
  }
}

/// Makes up hashes nobody outside can foresee: values chosen to collide would slow a build down.
private let processHashKey: (UInt64, UInt64) = {
  var key: (UInt64, UInt64) = (0, 0)
  withUnsafeMutableBytes(of: &key) { if let base = $0.baseAddress { vdb_random_bytes(base, $0.count) } }
  return key
}()

/// Three of 32 bits by the hash of a string: who lacks one of them in its signature does not hold the string.
func signature(_ string: UnsafeRawBufferPointer) -> UInt32 {
  let hash = vdb_hash(string.baseAddress, string.count, processHashKey.0, processHashKey.1)
  return 1 << UInt32(hash & 31) | 1 << UInt32(hash >> 5 & 31) | 1 << UInt32(hash >> 10 & 31)
}
