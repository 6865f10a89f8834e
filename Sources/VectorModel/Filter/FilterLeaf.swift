import CSupport
import Support

/// One test of one key, and where to go on. Borrows from its filter.
package struct FilterLeaf: BitwiseCopyable {
  /// What is tested, the operand's type included.
  package enum Test: UInt8, BitwiseCopyable {
    case exists, isTrue, isFalse
    case equalString, equalNumber
    case lessNumber, lessOrEqualNumber, greaterNumber, greaterOrEqualNumber
    case lessString, lessOrEqualString, greaterString, greaterOrEqualString
    case stringIn, numberIn
  }

  /// "Go on" with the answer yes, or no.
  package static let accept = -1
  package static let refuse = -2

  package let test: Test
  package let key: UnsafeRawBufferPointer
  /// The first bytes of the key in a word, and which of its bits they fill: most keys are told apart by one comparison.
  let keyStart: UInt64
  let keyMask: UInt64
  /// Operand of a test on strings.
  package let text: UnsafeRawBufferPointer
  /// Operand of a test on numbers.
  package let number: Double
  /// Operands of `stringIn`, sorted by bytes.
  package let strings: UnsafeBufferPointer<UnsafeRawBufferPointer>
  /// Operands of `numberIn`, sorted.
  package let numbers: UnsafeBufferPointer<Double>
  /// Index of the leaf that follows, `accept` or `refuse`.
  package let onTrue: Int
  package let onFalse: Int

  /// The bytes of a key that fit a word.
  static func start(of key: UnsafeRawBufferPointer) -> (word: UInt64, mask: UInt64) {
    var word: UInt64 = 0
    for (place, byte) in key.prefix(8).enumerated() { word |= UInt64(byte) << UInt64(8 * place) }
    return (word, key.count >= 8 ? .max : (1 << UInt64(8 * key.count)) - 1)
  }

  /// Whether the test holds for a record. O(fields), and O(log operands) for a set.
  @inline(__always)
  package func holds(for entry: UnsafeRawBufferPointer) -> Bool {
    guard let value = value(of: entry) else { return false }
    return holds(for: value)
  }

  /// The value that a record has under the key, nil when it has none. O(fields).
  @inline(__always)
  package func value(of entry: UnsafeRawBufferPointer) -> StoredValue? {
    guard var field = entry.baseAddress else { return nil }
    let end = field + entry.count
    let header = MetadataEncoding.headerSize
    while end - field >= header {
      let keyLength = Int(field.load(as: UInt8.self))
      let valueLength = Int(UInt32(littleEndian: (field + 2).loadUnaligned(as: UInt32.self)))
      let value = field + header + keyLength
      guard end - value >= valueLength else { return nil }
      if keyLength == key.count, isKey(field + header, until: end) {
        return StoredValue(
          tag: (field + 1).load(as: UInt8.self), bytes: UnsafeRawBufferPointer(start: value, count: valueLength))
      }
      field = value + valueLength
    }
    return nil
  }

  /// Whether the bytes at `name`, as many as the key has, are the key. A word may reach into the value, not past `end`.
  @inline(__always)
  private func isKey(_ name: UnsafeRawPointer, until end: UnsafeRawPointer) -> Bool {
    guard let wanted = key.baseAddress else { return false }
    if end - name < 8 { return vdb_compare_memory(name, wanted, key.count) == 0 }
    if UInt64(littleEndian: name.loadUnaligned(as: UInt64.self)) & keyMask != keyStart { return false }
    return key.count <= 8 || vdb_compare_memory(name + 8, wanted + 8, key.count - 8) == 0
  }

  /// Whether the test holds for a value of the key.
  package func holds(for stored: StoredValue) -> Bool {
    let tag = stored.tag
    let value = stored.bytes
    switch test {
    case .exists: return tag != MetadataEncoding.Tag.remove
    case .isTrue: return tag == MetadataEncoding.Tag.yes
    case .isFalse: return tag == MetadataEncoding.Tag.no
    case .equalNumber, .lessNumber, .lessOrEqualNumber, .greaterNumber, .greaterOrEqualNumber, .numberIn:
      guard tag == MetadataEncoding.Tag.number, value.count == 8, let base = value.baseAddress else { return false }
      return holds(number: Double(bitPattern: UInt64(littleEndian: base.loadUnaligned(as: UInt64.self))))
    case .lessString: return tag == MetadataEncoding.Tag.string && compareBytes(value, text) < 0
    case .lessOrEqualString: return tag == MetadataEncoding.Tag.string && compareBytes(value, text) <= 0
    case .greaterString: return tag == MetadataEncoding.Tag.string && compareBytes(value, text) > 0
    case .greaterOrEqualString: return tag == MetadataEncoding.Tag.string && compareBytes(value, text) >= 0
    case .equalString, .stringIn:
      if tag == MetadataEncoding.Tag.string { return isChosen(value) }
      guard tag == MetadataEncoding.Tag.strings else { return false }
      var items = MetadataEncoding.StringList(rest: value)
      while let item = items.next() {
        if isChosen(item) { return true }
      }
      return false
    }
  }

  /// Whether a test on numbers holds for a number. NaN passes none.
  package func holds(number value: Double) -> Bool {
    switch test {
    case .lessNumber: return value < number
    case .lessOrEqualNumber: return value <= number
    case .greaterNumber: return value > number
    case .greaterOrEqualNumber: return value >= number
    case .numberIn:
      var low = 0
      var high = numbers.count
      while low < high {
        let middle = (low + high) / 2
        if numbers[middle] == value { return true }
        if numbers[middle] < value { low = middle + 1 } else { high = middle }
      }
      return false
    default: return value == number
    }
  }

  /// Whether a string equals the operand, or one of the operands.
  private func isChosen(_ value: UnsafeRawBufferPointer) -> Bool {
    if test == .equalString { return value.count == text.count && compareBytes(value, text) == 0 }
    var low = 0
    var high = strings.count
    while low < high {
      let middle = (low + high) / 2
      let order = compareBytes(strings[middle], value)
      if order == 0 { return true }
      if order < 0 { low = middle + 1 } else { high = middle }
    }
    return false
  }
}

extension FilterLeaf.Test {
  /// The test for equality with a value.
  static func equal(_ value: MetadataScalar) -> Self {
    switch value {
    case .string: .equalString
    case .number: .equalNumber
    case .bool(let bool): bool ? .isTrue : .isFalse
    }
  }

  /// The test for an order, nil for a bool, which has none.
  static func comparison(_ comparison: FilterExpression.Comparison, _ value: MetadataScalar) -> Self? {
    switch (comparison, value) {
    case (.less, .number): .lessNumber
    case (.lessOrEqual, .number): .lessOrEqualNumber
    case (.greater, .number): .greaterNumber
    case (.greaterOrEqual, .number): .greaterOrEqualNumber
    case (.less, .string): .lessString
    case (.lessOrEqual, .string): .lessOrEqualString
    case (.greater, .string): .greaterString
    case (.greaterOrEqual, .string): .greaterOrEqualString
    case (_, .bool): nil
    }
  }
}
