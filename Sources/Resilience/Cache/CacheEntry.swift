/// One answer that is kept. Never changes, so it may be read without a lock by whoever holds it.
package final class CacheEntry<Value: AnyObject & Sendable>: Sendable {
  let key: CacheKey
  let hash: UInt64
  let value: Value
  /// Bytes of key, value and entry together.
  let bytes: Int
  /// Generation of its scope when the call was sent.
  let generation: UInt64
  /// When the answer came, in nanoseconds.
  let storedAt: UInt64

  package init(key: CacheKey, hash: UInt64, value: Value, bytes: Int, generation: UInt64, storedAt: UInt64) {
    self.key = key
    self.hash = hash
    self.value = value
    self.bytes = bytes
    self.generation = generation
    self.storedAt = storedAt
  }

  /// Bytes an entry takes beside its key and value, about.
  static var overhead: Int { 256 }

  func age(at now: UInt64) -> UInt64 { now > storedAt ? now &- storedAt : 0 }
}
