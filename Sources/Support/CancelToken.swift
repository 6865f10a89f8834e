import CSupport

/// A flag that goes from false to true once, read and raised from any thread.
package final class CancelToken: Sendable {
  private let flag: AtomicWord

  package init() { flag = AtomicWord(0) }

  package var isCancelled: Bool { flag.load() != 0 }

  package func cancel() { flag.store(1) }
}
