import Support
import VectorModel

/// Makes the column of a leaf's key over rows of a chunk, all of them written: reads them until a form fits.
struct ColumnBuilder {
  let leaf: FilterLeaf
  let chunk: Chunk
  let rows: Range<Int>

  /// What came of trying a form.
  private enum Attempt {
    case made(MetadataColumn)
    case unsuitable
    case outOfMemory
  }

  /// The smallest form that fits; nil when out of memory. O(rows × fields). Errors: `cancelled`, `timeout`.
  func build(_ pace: inout Pace) throws(VectorError) -> MetadataColumn? {
    for form in 0...3 {
      let attempt =
        switch form {
        case 0: try coded(&pace)
        case 1: try numeric(&pace)
        case 2: try listed(&pace)
        default: try signed(&pace)
        }
      switch attempt {
      case .made(let column): return column
      case .outOfMemory: return nil
      case .unsuitable: continue
      }
    }
    return column(.rowByRow)
  }

  private func column(
    _ form: MetadataColumn.Form, _ values: UnsafeMutableBufferPointer<StoredValue> = .init(start: nil, count: 0)
  ) -> MetadataColumn {
    MetadataColumn(key: Array(leaf.key), rows: rows.count, form: form, values: values)
  }

  private var words: Int { MetadataColumn.words(rows.count) }

  private func value(_ row: Int, _ pace: inout Pace) throws(VectorError) -> StoredValue? {
    let record = chunk.metadata(rows.lowerBound + row)
    try pace.spend(1 + record.count / 32)
    return leaf.value(of: record)
  }

  /// Few different values, of whatever types: each is tested once, however many rows have it.
  private func coded(_ pace: inout Pace) throws(VectorError) -> Attempt {
    // With more than an eighth of the rows different the other forms are no slower.
    let limit = min(max(rows.count / 8, 16), MetadataColumn.codeLimit)
    guard var dictionary = ValueDictionary(limit: limit), let codes = ColumnMemory<UInt8>(zeroed: words * 64) else {
      return .outOfMemory
    }
    for row in 0..<rows.count {
      guard let value = try value(row, &pace) else { continue }
      guard value.kind != .other, let code = dictionary.code(of: value) else { return .unsuitable }
      codes.base[row] = UInt8(truncatingIfNeeded: code)
    }
    // A bitmap takes an eighth of a byte a row.
    guard dictionary.count <= 12, let bitmaps = ColumnMemory<UInt64>(zeroed: dictionary.count * words) else {
      return .made(column(.codes(codes.take(words * 64)), dictionary.takeValues()))
    }
    for row in 0..<rows.count where codes.base[row] > 0 {
      bitmaps.base[(Int(codes.base[row]) - 1) * words + row / 64] |= 1 << UInt64(row & 63)
    }
    return .made(column(.postings(bitmaps.take(dictionary.count * words)), dictionary.takeValues()))
  }

  /// Numbers and nothing else.
  private func numeric(_ pace: inout Pace) throws(VectorError) -> Attempt {
    guard let numbers = ColumnMemory<Double>(zeroed: words * 64) else { return .outOfMemory }
    numbers.base.update(repeating: .nan, count: words * 64)
    for row in 0..<rows.count {
      guard let value = try value(row, &pace) else { continue }
      let number = value.number
      if number.isNaN { return .unsuitable }
      numbers.base[row] = number
    }
    return .made(column(.numbers(numbers.take(words * 64))))
  }

  /// Lists of few different items, in many combinations: a row is in the bitmap of each of its items.
  private func listed(_ pace: inout Pace) throws(VectorError) -> Attempt {
    let limit = MetadataColumn.postingLimit
    guard var dictionary = ValueDictionary(limit: limit), let bitmaps = ColumnMemory<UInt64>(zeroed: limit * words)
    else { return .outOfMemory }
    for row in 0..<rows.count {
      guard let value = try value(row, &pace) else { continue }
      guard value.kind == .strings else { return .unsuitable }
      var isEmpty = true
      for item in value.items {
        guard let code = dictionary.code(of: StoredValue(listOf: item)) else { return .unsuitable }
        bitmaps.base[(code - 1) * words + row / 64] |= 1 << UInt64(row & 63)
        isEmpty = false
      }
      if isEmpty { return .unsuitable }
    }
    return .made(column(.postings(bitmaps.take(dictionary.count * words)), dictionary.takeValues()))
  }

  /// Strings, whatever else may be among them.
  private func signed(_ pace: inout Pace) throws(VectorError) -> Attempt {
    guard let signatures = ColumnMemory<UInt32>(zeroed: words * 64) else { return .outOfMemory }
    for row in 0..<rows.count {
      guard let value = try value(row, &pace) else { continue }
      switch value.kind {
      case .string: signatures.base[row] = signature(value.bytes)
      case .strings:
        var all: UInt32 = 0
        for item in value.items { all |= signature(item) }
        signatures.base[row] = all == 0 ? .max : all
      case .number, .bool: signatures.base[row] = .max
      case .other: return .unsuitable
      }
    }
    return .made(column(.signatures(signatures.take(words * 64))))
  }
}
