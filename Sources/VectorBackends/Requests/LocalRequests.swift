import Resilience
import Support
import VectorModel

/// Sends the operations of a backend inside the process through the resilience layer, each as one request.
///
/// Such a backend cannot fail by itself; what there is to retry, to break and to limit comes from injected faults and from the
/// user's own limits.
package final class LocalRequests: Sendable {
  private let executor: RequestExecutor<NoConnections>

  package init(_ executor: RequestExecutor<NoConnections>) { self.executor = executor }

  /// With the standard settings and an endpoint of its own.
  package static var standard: LocalRequests {
    LocalRequests(
      RequestExecutor(
        Endpoint(
          identity: ByteString([]), connections: NoConnections(), environment: SystemEnvironment.shared)))
  }

  package var endpoint: any EndpointView { executor.endpoint }

  /// Runs an operation as a request.
  func run<Answer>(
    _ kind: RequestKind, _ context: CallContext, _ body: (CallContext) throws(VectorError) -> Answer
  ) throws(VectorError) -> Answer {
    do throws(RequestFailure) {
      return try executor.run(kind, context) { (_, context) throws(AttemptFailure) in
        do throws(VectorError) { return try body(context) } catch { throw AttemptFailure(local: error) }
      }
    } catch {
      throw VectorError(error, of: kind)
    }
  }

  /// Runs an operation on a batch of `items` as requests; `body` gets those still to be done.
  func run(
    _ kind: RequestKind, items: Int, _ context: CallContext,
    _ body: (PendingItems, CallContext) throws(VectorError) -> WriteOutcome
  ) throws(VectorError) -> WriteOutcome {
    var deleted: Int?
    let outcome = executor.runBatch(kind, items: items, context) {
      (_, context, pending, answer) throws(AttemptFailure) in
      do throws(VectorError) {
        // The batch is applied whole or refused whole: there is nothing to say of single items.
        deleted = try body(pending, context).deleted
      } catch { throw AttemptFailure(local: error) }
    }
    return try WriteOutcome(outcome, of: kind, items: items, deleted: deleted)
  }
}
