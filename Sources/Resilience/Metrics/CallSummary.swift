/// What the metrics of a database were at one moment, or of several databases together.
package struct CallSummary: Sendable {
  /// Operations that were called, in the order of `CallMetrics.operations`.
  package var operations: [OperationSummary] = []
  /// Calls under way.
  package var inFlight: UInt64 = 0
  /// Calls that took longer than the user wants.
  package var slowCalls: UInt64 = 0
  /// Requests on the wire, and those of them that repeated another.
  package var attempts: UInt64 = 0
  package var retries: UInt64 = 0
  package var bytesSent: UInt64 = 0
  package var bytesReceived: UInt64 = 0
  /// Waits for a connection, or to be let through.
  package var queueWait = LatencySummary()

  package init() {}

  /// All operations as one.
  package var total: OperationSummary {
    operations.reduce(into: OperationSummary(operation: "all")) { $0.merge($1) }
  }

  package mutating func merge(_ other: CallSummary) {
    for row in other.operations {
      if let place = operations.firstIndex(where: { $0.hasName(of: row) }) {
        operations[place].merge(row)
      } else {
        operations.append(row)
      }
    }
    inFlight &+= other.inFlight
    slowCalls &+= other.slowCalls
    attempts &+= other.attempts
    retries &+= other.retries
    bytesSent &+= other.bytesSent
    bytesReceived &+= other.bytesReceived
    queueWait.merge(other.queueWait)
  }
}

/// The calls of one operation, by how they ended.
package struct OperationSummary: Sendable {
  package let operation: StaticString
  package var latencies: [CallOutcome: LatencySummary] = [:]

  package init(operation: StaticString) { self.operation = operation }

  package var calls: UInt64 { latencies.values.reduce(0) { $0 &+ $1.count } }
  package var succeeded: UInt64 { latencies[.success]?.count ?? 0 }
  package var failed: UInt64 { calls &- succeeded }
  /// 1 when nothing was asked yet: nothing failed.
  package var successRate: Double { calls == 0 ? 1 : Double(succeeded) / Double(calls) }

  /// Of all calls, however they ended.
  package var latency: LatencySummary { latencies.values.reduce(into: LatencySummary()) { $0.merge($1) } }

  package mutating func merge(_ other: OperationSummary) {
    for (outcome, latency) in other.latencies { latencies[outcome, default: LatencySummary()].merge(latency) }
  }

  fileprivate func hasName(of other: OperationSummary) -> Bool {
    operation.utf8CodeUnitCount == other.operation.utf8CodeUnitCount
      && "\(operation)".utf8.elementsEqual("\(other.operation)".utf8)
  }
}
