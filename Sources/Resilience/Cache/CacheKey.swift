import CSupport
import Support

/// Everything that decides the answer of a call, as bytes: two calls have the same key only when all of it is the same.
///
/// It starts with the scope and the operation, so neither can be forgotten; then every field is added behind its type and
/// length, so that no two different sequences of fields give the same bytes. Add always the same fields in the same order,
/// absent ones with `addNothing`. Building it is O(bytes). A copy that is added to leaves the other as it was.
package struct CacheKey: @unchecked Sendable {
  /// Bytes from which on a call is not worth remembering.
  package static let longest = 1 << 20

  package let operation: StaticString
  package let scope: CacheScope
  private var buffer: ColumnBuffer<UInt8>
  /// Whether it holds all that was added: without that, the call must do without the cache.
  package private(set) var isComplete = true

  private enum Field: UInt8 { case nothing, bytes, number, real }

  /// - Parameter expected: bytes of the fields to come, as far as known.
  package init(_ operation: StaticString, _ scope: CacheScope, expecting expected: Int = 0) {
    self.operation = operation
    self.scope = scope
    buffer = ColumnBuffer()
    let fields = min(max(expected, 0), Self.longest) + 128
    isComplete = buffer.reserve(scope.bytes.count + fields)
    scope.bytes.withUnsafeBytes { put($0) }
    add(UnsafeRawBufferPointer(start: operation.utf8Start, count: operation.utf8CodeUnitCount))
  }

  package mutating func add(_ bytes: UnsafeRawBufferPointer) {
    head(.bytes, UInt64(bytes.count))
    put(bytes)
  }

  package mutating func add(_ bytes: ByteString) { bytes.bytes.withUnsafeBytes { add($0) } }

  package mutating func add(_ number: UInt64) { head(.number, number) }

  package mutating func add(_ flag: Bool) { head(.number, flag ? 1 : 0) }

  /// By its bits: 0 and -0 are two keys, which costs a miss and no more.
  package mutating func add(_ real: Double) { head(.real, real.bitPattern) }

  /// In the place of a field that the call does not give.
  package mutating func addNothing() { head(.nothing, 0) }

  package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(buffer.elements) }

  package func hash(_ seed: (UInt64, UInt64)) -> UInt64 {
    withExtendedLifetime(buffer) { vdb_hash(bytes.baseAddress, bytes.count, seed.0, seed.1) }
  }

  package func equals(_ other: CacheKey) -> Bool {
    withExtendedLifetime((buffer, other.buffer)) {
      bytes.count == other.bytes.count && compareBytes(bytes, other.bytes) == 0
    }
  }

  private mutating func head(_ field: Field, _ value: UInt64) {
    if !isKnownUniquelyReferenced(&buffer) {
      let copy = ColumnBuffer<UInt8>()
      isComplete = isComplete && copy.append(contentsOf: buffer.elements)
      buffer = copy
    }
    guard isComplete, buffer.append(field.rawValue) else { return isComplete = false }
    withUnsafeBytes(of: value.littleEndian) { put($0) }
  }

  private mutating func put(_ bytes: UnsafeRawBufferPointer) {
    guard isComplete, bytes.count <= Self.longest - min(buffer.count, Self.longest) else { return isComplete = false }
    isComplete = buffer.append(bytes: bytes)
  }
}
