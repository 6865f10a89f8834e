import Glibc

/// A growing array of trivial elements in memory whose address C may hold: it moves only when it grows.
///
/// Unlike `Array`, growing can fail: an answer too large for the machine must be an error, not the end of the host.
/// One thread at a time while it grows.
package final class ColumnBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  // Unchecked: plain loads and stores; the run-time check of overlapping access would cost more than an append.
  @exclusivity(unchecked) package private(set) var base: UnsafeMutablePointer<Element>?
  @exclusivity(unchecked) package private(set) var count = 0
  @exclusivity(unchecked) private var capacity = 0

  package init() {}

  deinit { free(base) }

  /// Bytes of memory it holds.
  package var bytes: Int { capacity &* MemoryLayout<Element>.stride }

  /// Makes room for `extra` more elements; false when the machine has no memory for it.
  package func reserve(_ extra: Int) -> Bool {
    let (needed, overflow) = count.addingReportingOverflow(extra)
    if overflow { return false }
    if needed <= capacity { return true }
    let target = max(needed, capacity &+ capacity / 2, 16)
    let (size, sizeOverflow) = target.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    guard !sizeOverflow, let grown = realloc(base, size) else { return false }
    base = grown.assumingMemoryBound(to: Element.self)
    capacity = target
    return true
  }

  /// Appends one element; false when out of memory, and then nothing changed.
  package func append(_ element: Element) -> Bool {
    if count == capacity, !reserve(1) { return false }
    guard let base else { return false }
    base[count] = element
    count += 1
    return true
  }

  /// Appends `source`; false when out of memory, and then nothing changed.
  package func append(contentsOf source: UnsafeBufferPointer<Element>) -> Bool {
    guard let from = source.baseAddress, source.count > 0 else { return true }
    guard reserve(source.count), let base else { return false }
    (base + count).update(from: from, count: source.count)
    count += source.count
    return true
  }

  /// Appends `n` copies of an element; false when out of memory, and then nothing changed.
  package func append(repeating element: Element, count n: Int) -> Bool {
    guard n > 0 else { return true }
    guard reserve(n), let base else { return false }
    (base + count).update(repeating: element, count: n)
    count += n
    return true
  }

  /// Appends `n ≥ 0` elements for the caller to fill, all of them, before anybody reads; nil when out of memory.
  package func extend(by n: Int) -> UnsafeMutablePointer<Element>? {
    guard reserve(max(n, 1)), let base else { return nil }
    let start = base + count
    count += n
    return start
  }

  /// Forgets all elements after the first `n`.
  package func truncate(to n: Int) {
    if n >= 0, n < count { count = n }
  }

  package var elements: UnsafeBufferPointer<Element> { UnsafeBufferPointer(start: base, count: count) }
}

extension ColumnBuffer where Element == UInt8 {
  /// Appends raw bytes; false when out of memory, and then nothing changed.
  package func append(bytes: UnsafeRawBufferPointer) -> Bool {
    append(contentsOf: bytes.bindMemory(to: UInt8.self))
  }
}
