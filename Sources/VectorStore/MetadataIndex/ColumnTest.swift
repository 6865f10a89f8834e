import VectorModel

/// A leaf of a filter made ready for the rows of one chunk. Borrows from the chunk's columns and the filter.
enum ColumnTest: BitwiseCopyable {
  /// Each row is looked at.
  case rowByRow
  /// The bitmaps of the values with a bit in `chosen` together.
  case postings(UnsafePointer<UInt64>, words: Int, chosen: UInt32)
  /// 1 where the code's value passes.
  case bytes(UnsafePointer<UInt8>, verdicts: UnsafePointer<UInt8>)
  case shorts(UnsafePointer<UInt16>, verdicts: UnsafePointer<UInt8>)
  case numbers(UnsafePointer<Double>)
  case signatures(UnsafePointer<UInt32>)

  /// Bytes of verdicts a test needs.
  static func verdictCount(_ column: MetadataColumn) -> Int {
    switch column.form {
    case .bytes, .shorts: column.values.count + 1
    default: 0
    }
  }

  /// `verdicts` has room for `verdictCount` bytes.
  init(_ leaf: FilterLeaf, _ column: MetadataColumn, verdicts: UnsafeMutablePointer<UInt8>) {
    switch column.form {
    case .postings(let bitmaps):
      var chosen: UInt32 = 0
      for (index, value) in column.values.enumerated() where leaf.holds(for: value) { chosen |= 1 << UInt32(index) }
      self = .postings(bitmaps, words: column.words, chosen: chosen)
    case .bytes(let codes):
      Self.judge(leaf, column, verdicts)
      self = .bytes(codes, verdicts: verdicts)
    case .shorts(let codes):
      Self.judge(leaf, column, verdicts)
      self = .shorts(codes, verdicts: verdicts)
    case .numbers(let numbers): self = .numbers(numbers)
    case .signatures(let signatures): self = .signatures(signatures)
    case .rowByRow: self = .rowByRow
    }
  }

  private static func judge(_ leaf: FilterLeaf, _ column: MetadataColumn, _ verdicts: UnsafeMutablePointer<UInt8>) {
    verdicts[0] = 0
    for (index, value) in column.values.enumerated() { verdicts[index + 1] = leaf.holds(for: value) ? 1 : 0 }
  }

  /// Which of the rows `reached` of a word pass.
  @inline(__always)
  func passing(_ reached: UInt64, word: Int, _ leaf: UnsafePointer<FilterLeaf>, _ chunk: Chunk) -> UInt64 {
    switch self {
    case .rowByRow: return Self.look(reached, word: word, leaf, chunk)
    case .postings(let bitmaps, let words, var chosen):
      var bits: UInt64 = 0
      while chosen != 0 {
        bits |= bitmaps[chosen.trailingZeroBitCount * words + word]
        chosen &= chosen - 1
      }
      return bits & reached
    case .bytes(let codes, let verdicts):
      return bits { UInt64(verdicts[Int(codes[word * 64 + $0])]) } & reached
    case .shorts(let codes, let verdicts):
      return bits { UInt64(verdicts[Int(codes[word * 64 + $0])]) } & reached
    case .numbers(let numbers):
      return leaf.pointee.holding(numbers + word * 64, reached) & reached
    case .signatures(let signatures):
      let (passing, unsure) = leaf.pointee.judging(signatures + word * 64)
      return passing & reached | Self.look(unsure & reached, word: word, leaf, chunk)
    }
  }

  /// Tests the rows themselves.
  private static func look(_ rows: UInt64, word: Int, _ leaf: UnsafePointer<FilterLeaf>, _ chunk: Chunk) -> UInt64 {
    var rest = rows
    var bits: UInt64 = 0
    while rest != 0 {
      let bit = rest & (0 &- rest)
      if leaf.pointee.holds(for: chunk.metadata(word * 64 + rest.trailingZeroBitCount)) { bits |= bit }
      rest ^= bit
    }
    return bits
  }
}

/// A word of the answers, 0 or 1, for 64 rows.
@inline(__always)
func bits(_ answer: (Int) -> UInt64) -> UInt64 {
  var word: UInt64 = 0
  for row in 0..<64 { word |= answer(row) << UInt64(row) }
  return word
}
