import Glibc
import Support
import VectorModel

extension MetadataColumn {
  /// The column of a leaf's key over the first `rows` rows of a chunk, all of them written; nil when out of memory.
  /// O(rows × fields).
  static func build(_ leaf: FilterLeaf, _ chunk: Chunk, rows: Int) -> MetadataColumn? {
    switch coded(leaf, chunk, rows: rows) {
    case .made(let column): return column
    case .outOfMemory: return nil
    case .unsuitable: break
    }
    switch numeric(leaf, chunk, rows: rows) {
    case .made(let column): return column
    case .outOfMemory: return nil
    case .unsuitable: break
    }
    switch signed(leaf, chunk, rows: rows) {
    case .made(let column): return column
    case .outOfMemory: return nil
    case .unsuitable:
      return MetadataColumn(key: Array(leaf.key), rows: rows, form: .rowByRow, values: noValues)
    }
  }

  private enum Attempt {
    case made(MetadataColumn)
    case unsuitable
    case outOfMemory
  }

  private static var noValues: UnsafeMutableBufferPointer<StoredField> { .init(start: nil, count: 0) }

  /// Zeroed memory for an element a row, free's.
  private static func slots<Element: BitwiseCopyable>(_ rows: Int, of: Element.Type) -> UnsafeMutablePointer<Element>? {
    let count = max(words(rows) * 64, 1)
    return calloc(count, MemoryLayout<Element>.stride)?.bindMemory(to: Element.self, capacity: count)
  }

  /// Few different values, of whatever types: each is tested once, however many rows have it.
  private static func coded(_ leaf: FilterLeaf, _ chunk: Chunk, rows: Int) -> Attempt {
    // With more than an eighth of the rows different the other forms are smaller and no slower.
    let limit = min(max(rows / 8, 16), Int(UInt16.max) - 1)
    guard let dictionary = ValueDictionary(limit: limit), let codes = slots(rows, of: UInt16.self) else {
      return .outOfMemory
    }
    for slot in 0..<rows {
      guard let field = leaf.field(of: chunk.metadata(slot)) else { continue }
      guard field.kind != .other, let code = dictionary.code(of: field) else {
        free(codes)
        return .unsuitable
      }
      codes[slot] = code
    }
    guard let values = dictionary.copyValues(), let form = compact(codes, rows: rows, values: values.count) else {
      free(codes)
      return .outOfMemory
    }
    return .made(MetadataColumn(key: Array(leaf.key), rows: rows, form: form, values: values))
  }

  /// The smallest form for codes; takes them over unless it returns nil, out of memory.
  private static func compact(_ codes: UnsafeMutablePointer<UInt16>, rows: Int, values: Int) -> Form? {
    if values > Int(UInt8.max) { return .shorts(codes) }
    if values > postingLimit {
      guard let bytes = slots(rows, of: UInt8.self) else { return nil }
      for slot in 0..<rows { bytes[slot] = UInt8(truncatingIfNeeded: codes[slot]) }
      free(codes)
      return .bytes(bytes)
    }
    let words = words(rows)
    let size = max(values * words, 1)
    guard let bitmaps = calloc(size, 8)?.bindMemory(to: UInt64.self, capacity: size) else { return nil }
    for slot in 0..<rows where codes[slot] > 0 {
      bitmaps[(Int(codes[slot]) - 1) * words + slot / 64] |= 1 << UInt64(slot & 63)
    }
    free(codes)
    return .postings(bitmaps)
  }

  private static func numeric(_ leaf: FilterLeaf, _ chunk: Chunk, rows: Int) -> Attempt {
    guard let numbers = slots(rows, of: Double.self) else { return .outOfMemory }
    numbers.update(repeating: .nan, count: words(rows) * 64)
    for slot in 0..<rows {
      guard let field = leaf.field(of: chunk.metadata(slot)) else { continue }
      let number = field.number
      if number.isNaN {
        free(numbers)
        return .unsuitable
      }
      numbers[slot] = number
    }
    return .made(MetadataColumn(key: Array(leaf.key), rows: rows, form: .numbers(numbers), values: noValues))
  }

  private static func signed(_ leaf: FilterLeaf, _ chunk: Chunk, rows: Int) -> Attempt {
    guard let signatures = slots(rows, of: UInt32.self) else { return .outOfMemory }
    for slot in 0..<rows {
      guard let field = leaf.field(of: chunk.metadata(slot)) else { continue }
      switch field.kind {
      case .string: signatures[slot] = signature(field.value)
      case .strings:
        var all: UInt32 = 0
        for item in field.strings { all |= signature(item) }
        signatures[slot] = all == 0 ? .max : all
      case .number, .bool: signatures[slot] = .max
      case .other:
        free(signatures)
        return .unsuitable
      }
    }
    return .made(MetadataColumn(key: Array(leaf.key), rows: rows, form: .signatures(signatures), values: noValues))
  }
}
