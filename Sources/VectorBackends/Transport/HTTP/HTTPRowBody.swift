import Support

/// A body whose middle, rows of equal size, is made while it goes out.
///
/// Written out beforehand, thousands of vectors would take memory by the megabyte, and touching that for the first time takes
/// longer than all the rest of sending it. Sent by one request at a time; what `write` reads must last so long.
package final class HTTPRowBody {
  /// Bytes of the whole.
  package let count: Int
  private let head: ColumnBuffer<UInt8>
  private let tail: ColumnBuffer<UInt8>
  private let rows: Int
  private let rowBytes: Int
  private let write: (_ row: Int, _ target: UnsafeMutableRawPointer) -> Void
  /// Room for a row of which only a part is wanted.
  private let cut = ColumnBuffer<UInt8>()
  private var position = 0

  /// `head`, as many rows, `tail`. nil when out of memory.
  ///
  /// - Parameter write: writes all `rowBytes` of a row; may be asked for the same row again.
  package init?(
    head: ColumnBuffer<UInt8>, rows: Int = 0, rowBytes: Int = 0, tail: ColumnBuffer<UInt8> = ColumnBuffer(),
    write: @escaping (_ row: Int, _ target: UnsafeMutableRawPointer) -> Void = { _, _ in }
  ) {
    let (middle, overflow) = rows.multipliedReportingOverflow(by: rowBytes)
    guard !overflow, cut.extend(by: rowBytes) != nil else { return nil }
    count = head.count + middle + tail.count
    self.head = head
    self.tail = tail
    self.rows = rows
    self.rowBytes = rowBytes
    self.write = write
  }

  /// Begins anew, for the next attempt to send it.
  package func rewind() { position = 0 }

  /// Writes the next bytes, as many as there is room for; returns how many that were, 0 at the end.
  package func read(into target: UnsafeMutableRawBufferPointer) -> Int {
    guard let base = target.baseAddress else { return 0 }
    var filled = 0
    while filled < target.count, position < count {
      let step = piece(to: base + filled, atMost: target.count - filled)
      filled += step
      position += step
    }
    return filled
  }

  /// Writes bytes of one part or one row, at least one; returns how many.
  private func piece(to target: UnsafeMutableRawPointer, atMost room: Int) -> Int {
    if position < head.count { return copy(head, from: position, to: target, atMost: room) }
    let place = position - head.count
    if place >= rows * rowBytes { return copy(tail, from: place - rows * rowBytes, to: target, atMost: room) }
    let (row, offset) = place.quotientAndRemainder(dividingBy: rowBytes)
    if offset == 0, room >= rowBytes {
      write(row, target)
      return rowBytes
    }
    if let base = cut.base { write(row, UnsafeMutableRawPointer(base)) }
    return copy(cut, from: offset, to: target, atMost: room)
  }

  private func copy(
    _ source: ColumnBuffer<UInt8>, from start: Int, to target: UnsafeMutableRawPointer, atMost room: Int
  ) -> Int {
    let step = min(source.count - start, room)
    if let base = source.base { target.copyMemory(from: base + start, byteCount: step) }
    return step
  }
}
