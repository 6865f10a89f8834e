import CSupport
import Resilience
import Support
import VectorModel

/// An asynchronous call before it is submitted: what is to be done, in which lane, and by when.
package struct QueuedWork: @unchecked Sendable {
  let inputs: CallInputs
  let lane: Lane
  /// Nanoseconds; nil = none.
  let deadline: UInt64?
  let body: () throws(VectorError) -> CallAnswer

  /// - Parameters:
  ///   - operation: decides the time it has when `call` does not say; nil = it has all the time there is.
  ///   - call: of `inputs`.
  ///   - body: does it, once, with nothing but what it owns and what `inputs` keeps.
  package init(
    _ database: Database, _ operation: Operation?, _ inputs: CallInputs, _ call: CallOptions,
    _ body: @escaping () throws(VectorError) -> CallAnswer
  ) {
    self.inputs = inputs
    lane = database.core.pipeline.endpoint.lane
    let standard = operation.flatMap { database.core.options.callTimeout($0) }
    deadline = call.context(standard: standard, from: inputs.submittedAt).deadline
    self.body = body
  }
}
