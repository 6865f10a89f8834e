import CSupport
import Support
import VectorModel

/// Copies of what a caller lends for the time of one function call, kept for work that comes later.
///
/// Everything it returns is valid as long as this object. Errors of all its functions: `outOfMemory`.
package final class CallInputs: @unchecked Sendable {
  /// Ends the call; every wait of the call watches it.
  let cancel = CancelToken()
  /// The caller's own token, which ends the call too.
  private(set) var named: CancelToken?
  let submittedAt = monotonicNanoseconds()

  /// What the copies take.
  private(set) var bytes = 0

  private var texts: [ColumnBuffer<UInt8>] = []
  private var offsets: [ColumnBuffer<UInt64>] = []
  private var rows: [OwnedRows] = []

  package init() {}

  package func keep(_ text: UnsafeRawBufferPointer) throws(VectorError) -> UnsafeRawBufferPointer {
    if text.isEmpty { return UnsafeRawBufferPointer(start: nil, count: 0) }
    let copy = ColumnBuffer<UInt8>()
    guard copy.append(bytes: text) else { throw Self.outOfMemory(text.count) }
    texts.append(copy)
    bytes += copy.bytes
    return UnsafeRawBufferPointer(copy.elements)
  }

  package func keep(_ strings: PackedStrings) throws(VectorError) -> PackedStrings {
    guard strings.count > 0, let from = strings.offsets else {
      return PackedStrings(bytes: nil, offsets: nil, count: 0)
    }
    let (start, end) = (from[0], from[strings.count])
    let text = UnsafeRawBufferPointer(
      start: strings.bytes.map { $0 + Int(truncatingIfNeeded: start) }, count: Int(truncatingIfNeeded: end &- start))
    let copy = ColumnBuffer<UInt64>()
    guard let to = copy.extend(by: strings.count + 1) else { throw Self.outOfMemory(strings.count * 8) }
    for index in 0...strings.count { to[index] = from[index] &- start }
    offsets.append(copy)
    bytes += copy.bytes
    // Some address even where all strings are empty: only the database says what is wrong with those.
    let kept = try keep(text)
    return PackedStrings(
      bytes: kept.baseAddress ?? UnsafeRawPointer(to), offsets: UnsafePointer(to), count: strings.count)
  }

  package func keep(_ rows: VectorRows) throws(VectorError) -> VectorRows {
    let copy = try OwnedRows(copying: rows)
    self.rows.append(copy)
    bytes += copy.bytes
    return copy.rows
  }

  package func keep(_ call: CallOptions) throws(VectorError) -> CallOptions {
    var kept = call
    kept.extraJSON = try keep(call.extraJSON)
    kept.submittedAt = submittedAt
    named = call.cancel
    kept.cancel = cancel
    return kept
  }

  package func keep(_ options: SearchOptions) throws(VectorError) -> SearchOptions {
    var kept = options
    kept.filter = try keep(options.filter)
    kept.call = try keep(options.call)
    return kept
  }

  package func keep(_ options: PageOptions) throws(VectorError) -> PageOptions {
    var kept = options
    kept.filter = try keep(options.filter)
    kept.token = try keep(options.token)
    kept.call = try keep(options.call)
    return kept
  }

  private static func outOfMemory(_ bytes: Int) -> VectorError {
    VectorError(.outOfMemory, "not enough memory to copy \(bytes) bytes of an asynchronous call")
  }
}
