import Support
import VectorModel

/// What bounds and shapes one call, as the caller said it.
package struct CallOptions {
  package var timeout: Timeout
  package var cancel: CancelToken?
  package var include: Include
  /// update_metadata: replace instead of merge.
  package var replace: Bool
  /// health: ask the backend.
  package var probe: Bool
  /// Options of one backend alone, a JSON object; empty = none.
  package var extraJSON: UnsafeRawBufferPointer
  /// When an asynchronous call was submitted, nanoseconds: its time counts from there. Nil = it starts where it runs.
  package var submittedAt: UInt64?

  package enum Timeout: Sendable {
    /// The database's own.
    case standard
    case none
    case milliseconds(UInt64)
  }

  package init(
    timeout: Timeout = .standard, cancel: CancelToken? = nil, include: Include = Include(), replace: Bool = false,
    probe: Bool = false, extraJSON: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
  ) {
    self.timeout = timeout
    self.cancel = cancel
    self.include = include
    self.replace = replace
    self.probe = probe
    self.extraJSON = extraJSON
  }

  /// The context of a call that runs from `start` on, nanoseconds, or was submitted before. A deadline beyond the clock's end
  /// is none.
  func context(standard: UInt64?, from start: UInt64, tally: CallTally? = nil) -> CallContext {
    let start = submittedAt ?? start
    let milliseconds: UInt64?
    switch timeout {
    case .standard: milliseconds = standard
    case .none: milliseconds = nil
    case .milliseconds(let value): milliseconds = value
    }
    guard let milliseconds else { return CallContext(cancel: cancel, tally: tally) }
    let (nanoseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
    let (deadline, overflow2) = start.addingReportingOverflow(nanoseconds)
    return CallContext(deadline: overflow || overflow2 ? nil : deadline, cancel: cancel, tally: tally)
  }
}

/// A search as the caller said it, unchecked.
package struct SearchOptions {
  package var k: UInt64 = 10
  /// 0 = chosen by the index.
  package var ef: UInt32 = 0
  package var exact = false
  package var filter = UnsafeRawBufferPointer(start: nil, count: 0)
  package var maxDistance: Double?
  package var minScore: Double?
  package var call = CallOptions()

  package init() {}
}

/// A page as the caller asked for it, unchecked.
package struct PageOptions {
  package static let limitRange: ClosedRange<UInt64> = 1...10_000
  /// No backend's own token is longer, in bytes.
  package static let maxTokenLength = 1 << 16

  package var limit: UInt64 = 100
  package var token = UnsafeRawBufferPointer(start: nil, count: 0)
  package var filter = UnsafeRawBufferPointer(start: nil, count: 0)
  package var call = CallOptions()

  package init() {}
}
