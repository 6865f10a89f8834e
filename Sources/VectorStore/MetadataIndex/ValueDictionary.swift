import CSupport
import Glibc
import VectorModel

/// The different values met so far while a column is built, each with its code from 1 on.
final class ValueDictionary {
  /// Upper half of the hash and the code; 0 = free.
  private let slots: UnsafeMutablePointer<UInt64>
  private let mask: Int
  private let values: UnsafeMutablePointer<StoredField>
  private let limit: Int
  private var count = 0

  /// For at most `limit` values; nil when out of memory.
  init?(limit: Int) {
    var capacity = 32
    while capacity < 2 * limit { capacity *= 2 }
    guard let slots = calloc(capacity, 8) else { return nil }
    guard let values = malloc(limit * MemoryLayout<StoredField>.stride) else {
      free(slots)
      return nil
    }
    self.slots = slots.bindMemory(to: UInt64.self, capacity: capacity)
    self.values = values.bindMemory(to: StoredField.self, capacity: limit)
    mask = capacity - 1
    self.limit = limit
  }

  deinit {
    free(slots)
    free(values)
  }

  /// The code of the field's value, a new one when it is new; nil when that would be one too many.
  func code(of field: StoredField) -> UInt16? {
    let bytes = field.value
    let hash = vdb_hash(bytes.baseAddress, bytes.count, processHashKey.0, processHashKey.1)
    var at = Int(truncatingIfNeeded: hash) & mask
    while slots[at] != 0 {
      if (slots[at] ^ hash) >> 32 == 0 {
        let code = UInt16(truncatingIfNeeded: slots[at])
        if values[Int(code) - 1].hasValue(of: field) { return code }
      }
      at = (at + 1) & mask
    }
    guard count < limit else { return nil }
    values[count] = field
    count += 1
    slots[at] = hash & ~UInt64(UInt32.max) | UInt64(count)
    return UInt16(truncatingIfNeeded: count)
  }

  /// The values by code - 1, in memory of their own from malloc; nil when out of memory.
  func copyValues() -> UnsafeMutableBufferPointer<StoredField>? {
    guard let copy = malloc(max(count, 1) * MemoryLayout<StoredField>.stride) else { return nil }
    let base = copy.bindMemory(to: StoredField.self, capacity: count)
    base.update(from: values, count: count)
    return UnsafeMutableBufferPointer(start: base, count: count)
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
