import Support
import VectorModel

/// A leaf of a filter made ready for the rows of one segment. Borrows from the chunk's columns and the filter.
enum ColumnTest: BitwiseCopyable {
  /// Each row is looked at.
  case rowByRow
  /// The bitmaps of the values with a bit in `chosen` together.
  case postings(UnsafePointer<UInt64>, words: Int, chosen: UInt64)
  /// 1 where the code's value passes.
  case codes(UnsafePointer<UInt8>, verdicts: UnsafePointer<UInt8>)
  case numbers(UnsafePointer<Double>)
  /// With the signatures of the strings wanted.
  case signatures(UnsafePointer<UInt32>, wanted: UnsafeBufferPointer<UInt32>)

  /// Bytes a test may need beside the column: a verdict for each code and for its absence, or signatures.
  static let scratchBytes = 256
  /// Signatures that fit them.
  static let wantedLimit = scratchBytes / 4

  /// `scratch` has room for `scratchBytes`, aligned for a word. O(values). Errors: `cancelled`, `timeout`.
  init(
    _ leaf: FilterLeaf, _ column: MetadataColumn, scratch: UnsafeMutableRawPointer, _ pace: inout Pace
  ) throws(VectorError) {
    for value in column.values { try pace.spend(4 + value.bytes.count / 32) }
    switch column.form {
    case .postings(let bitmaps):
      var chosen: UInt64 = 0
      for (index, value) in column.values.enumerated() where leaf.holds(for: value) { chosen |= 1 << UInt64(index) }
      self = .postings(bitmaps, words: column.words, chosen: chosen)
    case .codes(let codes):
      let verdicts = scratch.assumingMemoryBound(to: UInt8.self)
      verdicts[0] = 0
      for (index, value) in column.values.enumerated() { verdicts[index + 1] = leaf.holds(for: value) ? 1 : 0 }
      self = .codes(codes, verdicts: verdicts)
    case .numbers(let numbers): self = .numbers(numbers)
    case .signatures(let signatures):
      let wanted = scratch.assumingMemoryBound(to: UInt32.self)
      let count = leaf.writeSignatures(wanted)
      self = .signatures(signatures, wanted: UnsafeBufferPointer(start: wanted, count: count))
      try pace.spend(leaf.text.count / 32 + 4 * count)
    case .rowByRow: self = .rowByRow
    }
  }

  /// Which of the rows `reached` pass, of a word of the column; the word's first row in the chunk is `firstRow`.
  /// Errors: `cancelled`, `timeout`.
  @inline(__always)
  func passing(
    _ reached: UInt64, word: Int, _ leaf: UnsafePointer<FilterLeaf>, _ chunk: Chunk, firstRow: Int, _ pace: inout Pace
  ) throws(VectorError) -> UInt64 {
    switch self {
    case .rowByRow: return try Self.look(reached, leaf, chunk, firstRow, &pace)
    case .postings(let bitmaps, let words, var chosen):
      var bits: UInt64 = 0
      while chosen != 0 {
        bits |= bitmaps[chosen.trailingZeroBitCount * words + word]
        chosen &= chosen - 1
      }
      try pace.spend(1)
      return bits & reached
    case .codes(let codes, let verdicts):
      try pace.spend(4)
      return bits { UInt64(verdicts[Int(codes[word * 64 + $0])]) } & reached
    case .numbers(let numbers):
      try pace.spend(leaf.pointee.test == .numberIn ? 200 : 4)
      return leaf.pointee.holding(numbers + word * 64, reached) & reached
    case .signatures(let signatures, let wanted):
      let (passing, unsure) = leaf.pointee.judging(signatures + word * 64, wanted)
      try pace.spend(4 + 4 * wanted.count)
      return passing & reached | (try Self.look(unsure & reached, leaf, chunk, firstRow, &pace))
    }
  }

  /// Tests the rows themselves.
  private static func look(
    _ rows: UInt64, _ leaf: UnsafePointer<FilterLeaf>, _ chunk: Chunk, _ first: Int, _ pace: inout Pace
  ) throws(VectorError) -> UInt64 {
    var rest = rows
    var bits: UInt64 = 0
    while rest != 0 {
      let bit = rest & (0 &- rest)
      let record = chunk.metadata(first + rest.trailingZeroBitCount)
      try pace.spend(2 + record.count / 32)
      if leaf.pointee.holds(for: record) { bits |= bit }
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
