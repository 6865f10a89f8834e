import CVectorDB
import Support
import VectorModel

/// A write outcome in columns, as C reads it.
final class WriteReport {
  private let outcome: WriteOutcome
  private let indexes = ColumnBuffer<UInt64>()
  private let statuses = ColumnBuffer<vdb_status>()
  private let messages = ColumnBuffer<UInt8>()
  private let offsets = ColumnBuffer<UInt64>()

  init(_ outcome: WriteOutcome) throws(VectorError) {
    self.outcome = outcome
    var complete = offsets.append(0)
    for item in outcome.failures.items.elements {
      var (status, message) = outcome.failures.reason(item)
      complete =
        complete && indexes.append(UInt64(item.index)) && statuses.append(status.rawValue)
        && message.withUTF8 { messages.append(contentsOf: $0) } && offsets.append(UInt64(messages.count))
    }
    guard complete else { throw .resultOutOfMemory }
  }

  var view: vdb_write_columns {
    var view = vdb_write_columns()
    view.applied = UInt64(outcome.applied)
    view.failed_count = UInt64(outcome.failures.count)
    view.not_attempted = UInt64(outcome.notAttempted)
    view.deleted = Int64(outcome.deleted ?? -1)
    view.failed_indexes = UnsafePointer(indexes.base)
    view.failed_statuses = UnsafePointer(statuses.base)
    view.messages = UnsafeRawPointer(messages.base)?.assumingMemoryBound(to: CChar.self) ?? borrowed("")
    view.message_offsets = UnsafePointer(offsets.base)
    return view
  }
}
