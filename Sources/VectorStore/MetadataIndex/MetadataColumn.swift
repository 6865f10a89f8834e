import Glibc
import VectorModel

/// The values of one metadata key in up to `segmentRows` rows of a chunk, made ready for tests of 64 rows at once. Never
/// changes.
///
/// Long values stay in the chunk's records, so the chunk owns it. All forms are filled up to a multiple of 64 rows with what an
/// absent key looks like.
final class MetadataColumn: @unchecked Sendable {
  /// How the values are kept; chosen by what the rows hold.
  enum Form {
    /// A bitmap of rows for each value, one after the other. Lists are taken apart: a row is in several bitmaps.
    case postings(UnsafeMutablePointer<UInt64>)
    /// A number for each row: 0 = absent, else 1 + the index of the value.
    case codes(UnsafeMutablePointer<UInt8>)
    /// Many different numbers and nothing else: NaN = absent.
    case numbers(UnsafeMutablePointer<Double>)
    /// Many different strings or lists: a few bits by the hash of each string, 0 = absent, all bits = to be looked at.
    case signatures(UnsafeMutablePointer<UInt32>)
    /// Something no record should hold: left to the evaluation of rows.
    case rowByRow
  }

  let key: [UInt8]
  /// Rows it covers, from the first of its segment on.
  let rows: Int
  let form: Form
  /// The different values, where the form counts them.
  let values: UnsafeMutableBufferPointer<StoredValue>
  /// The column that was made before, set before anybody sees this one.
  var next: MetadataColumn?

  /// Most rows of a column: few enough that the unfinished end of a store is soon read row by row, and enough to make
  /// up for what a filter does once for a column.
  static let segmentRows = 4096
  /// Most values with a bitmap each, as a bit of a word says which are wanted.
  static let postingLimit = 64
  /// Most values with a code each.
  static let codeLimit = 255

  /// Takes the memory of `form` and `values` over, which is `free`'s.
  init(key: [UInt8], rows: Int, form: Form, values: UnsafeMutableBufferPointer<StoredValue>) {
    self.key = key
    self.rows = rows
    self.form = form
    self.values = values
  }

  deinit {
    free(values.baseAddress)
    switch form {
    case .postings(let memory): free(memory)
    case .codes(let memory): free(memory)
    case .numbers(let memory): free(memory)
    case .signatures(let memory): free(memory)
    case .rowByRow: break
    }
  }

  /// 64-bit words of a bitmap of its rows.
  var words: Int { Self.words(rows) }

  static func words(_ rows: Int) -> Int { (rows + 63) / 64 }

  /// Bytes it holds, its own object's not counted.
  var footprint: Int {
    let slots = words * 64
    let column =
      switch form {
      case .postings: values.count * words * 8
      case .codes: slots
      case .numbers: slots * 8
      case .signatures: slots * 4
      case .rowByRow: 0
      }
    return column + values.count * MemoryLayout<StoredValue>.stride + ValueDictionary.copied(values) + key.count
  }
}
