import Glibc
import Support
import VectorModel

/// The values of one metadata key in the rows of a full chunk, made ready for tests of 64 rows at once. Never changes.
///
/// Holds no value itself: it points into the chunk's records, so the chunk owns it. All columns are filled up to a multiple
/// of 64 rows with what an absent key looks like.
final class MetadataColumn: @unchecked Sendable {
  /// How the values are kept; chosen by what the rows hold, cheapest first.
  enum Form {
    /// At most `postingLimit` different values: a bitmap of rows for each, one after the other.
    case postings(UnsafeMutablePointer<UInt64>)
    /// A number for each row: 0 = absent, else 1 + the index of the value.
    case bytes(UnsafeMutablePointer<UInt8>)
    case shorts(UnsafeMutablePointer<UInt16>)
    /// Many different numbers and nothing else: NaN = absent.
    case numbers(UnsafeMutablePointer<Double>)
    /// Many different strings or lists: a few bits by the hash of each string, 0 = absent, all bits = to be looked at.
    case signatures(UnsafeMutablePointer<UInt32>)
    /// Something no record should hold: left to the evaluation of rows.
    case rowByRow
  }

  let key: [UInt8]
  /// Rows it covers: all of the chunk.
  let rows: Int
  let form: Form
  /// The different values, where the form counts them.
  let values: UnsafeMutableBufferPointer<StoredField>
  /// The column that was made before, set before anybody sees this one.
  var next: MetadataColumn?

  static let postingLimit = 12

  /// Takes the memory of `form` and `values` over, which came from malloc.
  init(key: [UInt8], rows: Int, form: Form, values: UnsafeMutableBufferPointer<StoredField>) {
    self.key = key
    self.rows = rows
    self.form = form
    self.values = values
  }

  deinit {
    free(values.baseAddress)
    switch form {
    case .postings(let memory): free(memory)
    case .bytes(let memory): free(memory)
    case .shorts(let memory): free(memory)
    case .numbers(let memory): free(memory)
    case .signatures(let memory): free(memory)
    case .rowByRow: break
    }
  }

  /// 64-bit words of a bitmap of its rows.
  var words: Int { Self.words(rows) }

  static func words(_ rows: Int) -> Int { (rows + 63) / 64 }

  /// Bytes it holds.
  var footprint: Int {
    let slots = words * 64
    let column =
      switch form {
      case .postings: values.count * words * 8
      case .bytes: slots
      case .shorts: slots * 2
      case .numbers: slots * 8
      case .signatures: slots * 4
      case .rowByRow: 0
      }
    return column + values.count * MemoryLayout<StoredField>.stride + key.count
  }
}
