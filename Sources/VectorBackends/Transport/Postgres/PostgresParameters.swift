import CLibraries
import Support

/// The values bound to a statement, all in binary, laid end to end in memory whose allocation may fail.
package struct PostgresParameters {
  /// Types of Postgres that have the same number everywhere.
  package enum TypeNumber {
    package static let bool: UInt32 = 16
    package static let int8: UInt32 = 20
    package static let text: UInt32 = 25
    package static let textArray: UInt32 = 1009
    package static let jsonb: UInt32 = 3802
    package static let jsonbArray: UInt32 = 3807
    /// Left to the server, which takes it from the statement.
    package static let unknown: UInt32 = 0
  }

  /// One value in `bytes`; nil = NULL.
  struct Place {
    let type: UInt32
    let range: Range<Int>?
  }

  let bytes = ColumnBuffer<UInt8>()
  private(set) var places: [Place] = []
  /// Whether there was no memory for a value: what is here must not be sent.
  private(set) var failed = false

  package init() {}

  package var count: Int { places.count }

  /// Makes room for that many values and bytes of them at one go; where there is none, adding them finds out.
  package mutating func reserve(_ values: Int, bytes size: Int) {
    places.reserveCapacity(values)
    _ = bytes.reserve(size)
  }

  package mutating func null(_ type: UInt32) { places.append(Place(type: type, range: nil)) }

  package mutating func text(_ value: UnsafeRawBufferPointer) {
    add(TypeNumber.text) { $0.append(bytes: value) }
  }

  package mutating func text(_ value: ByteString) { value.bytes.withUnsafeBytes { text($0) } }

  package mutating func integer(_ value: Int64) {
    add(TypeNumber.int8) { $0.append(bigEndian: UInt64(bitPattern: value)) }
  }

  /// JSON text as a `jsonb`.
  package mutating func jsonb(_ json: UnsafeRawBufferPointer) {
    add(TypeNumber.jsonb) { $0.append(jsonbVersion) && $0.append(bytes: json) }
  }

  package mutating func jsonb(_ json: ColumnBuffer<UInt8>) {
    withExtendedLifetime(json) { jsonb(UnsafeRawBufferPointer(json.elements)) }
  }

  /// A value that `write` appends to the buffer; false from it means out of memory.
  package mutating func value(_ type: UInt32, _ write: (ColumnBuffer<UInt8>) -> Bool) { add(type, write) }

  /// An array of `elementType`, whose elements `write` appends one after the other, each behind its length in four bytes.
  package mutating func array(
    _ type: UInt32, of elementType: UInt32, count: Int, _ write: (ColumnBuffer<UInt8>) -> Bool
  ) {
    add(type) { buffer in
      // Dimensions (one, or none for no elements), no NULLs, element type; then length and lower bound of the dimension.
      guard buffer.append(bigEndian: UInt32(count == 0 ? 0 : 1)), buffer.append(bigEndian: UInt32(0)),
        buffer.append(bigEndian: elementType)
      else { return false }
      if count == 0 { return true }
      return buffer.append(bigEndian: UInt32(clamping: count)) && buffer.append(bigEndian: UInt32(1)) && write(buffer)
    }
  }

  private mutating func add(_ type: UInt32, _ write: (ColumnBuffer<UInt8>) -> Bool) {
    let start = bytes.count
    if !write(bytes) { failed = true }
    places.append(Place(type: type, range: start..<bytes.count))
  }

  /// Lends types, addresses, lengths and formats in the form libpq takes; nil when a value is too long for the protocol.
  func withArrays<Result>(
    _ body: (
      _ types: UnsafePointer<Oid>?, _ values: UnsafePointer<UnsafePointer<CChar>?>?, _ lengths: UnsafePointer<Int32>?,
      _ formats: UnsafePointer<Int32>?
    ) -> Result
  ) -> Result? {
    if places.isEmpty { return body(nil, nil, nil, nil) }
    if places.contains(where: { Int32(exactly: $0.range?.count ?? 0) == nil }) { return nil }
    return withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { values in
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2 * count) { numbers in
        withUnsafeTemporaryAllocation(of: Oid.self, capacity: count) { types in
          for (index, place) in places.enumerated() {
            let address = place.range.flatMap { range in bytes.base.map { UnsafeRawPointer($0 + range.lowerBound) } }
            // An empty value needs an address too, or it would be NULL.
            let start = place.range == nil ? nil : (address ?? UnsafeRawPointer(types.baseAddress))
            values.initializeElement(at: index, to: start?.assumingMemoryBound(to: CChar.self))
            numbers.initializeElement(at: index, to: Int32(truncatingIfNeeded: place.range?.count ?? 0))
            numbers.initializeElement(at: count + index, to: 1)
            types.initializeElement(at: index, to: place.type)
          }
          let formats = numbers.baseAddress.map { UnsafePointer($0 + count) }
          return body(
            types.baseAddress.map { UnsafePointer($0) }, values.baseAddress.map { UnsafePointer($0) },
            numbers.baseAddress.map { UnsafePointer($0) }, formats)
        }
      }
    }
  }
}

/// What the binary form of a `jsonb` begins with.
package let jsonbVersion: UInt8 = 1

extension ColumnBuffer where Element == UInt8 {
  /// Appends a number as the network orders its bytes; false when out of memory.
  package func append(bigEndian number: some FixedWidthInteger) -> Bool {
    withUnsafeBytes(of: number.bigEndian) { append(bytes: $0) }
  }

  /// Writes the length of what was appended since `start` into the four bytes before it.
  package func setLength(before start: Int) {
    guard let base, start >= 4, start <= count else { return }
    UnsafeMutableRawPointer(base + start - 4).storeBytes(
      of: UInt32(truncatingIfNeeded: count - start).bigEndian, as: UInt32.self)
  }
}
