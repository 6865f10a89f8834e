import Glibc
import VectorModel

/// Working memory of one search, aligned to 64 bytes, not initialised. Getting it can fail without harm.
final class ScratchMemory<Element: BitwiseCopyable>: @unchecked Sendable {
  let base: UnsafeMutablePointer<Element>
  let count: Int

  init(count: Int) throws(VectorError) {
    let (size, overflow) = max(count, 1).multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    var memory: UnsafeMutableRawPointer?
    guard !overflow, posix_memalign(&memory, 64, size) == 0, let memory else {
      throw VectorError(.outOfMemory, "no memory for the \(count) elements a search works with")
    }
    base = memory.assumingMemoryBound(to: Element.self)
    self.count = count
  }

  deinit { free(base) }
}
