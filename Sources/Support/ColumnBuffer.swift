import Glibc

/// A growing array of trivial elements in memory whose address C may hold: it moves only when it grows.
///
/// Unlike `Array`, growing can fail: an answer too large for the machine must be an error, not the end of the host.
/// One thread at a time while it grows.
///
/// Public and inlinable, so that other modules have it compiled for their types of element: unspecialised, each append looks its
/// type up, and what is only `package` the compiler does not carry over.
public final class ColumnBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  // Unchecked: plain loads and stores; the run-time check of overlapping access would cost more than an append.
  @exclusivity(unchecked) @usableFromInline var start: UnsafeMutablePointer<Element>?
  @exclusivity(unchecked) @usableFromInline var used = 0
  @exclusivity(unchecked) @usableFromInline var capacity = 0

  @inlinable public init() {}

  @inlinable public var base: UnsafeMutablePointer<Element>? { start }
  @inlinable public var count: Int { used }

  @inlinable deinit { free(start) }

  /// Bytes of memory it holds.
  @inlinable public var bytes: Int { capacity &* MemoryLayout<Element>.stride }

  /// Makes room for `extra` more elements; false when the machine has no memory for it.
  @inlinable public func reserve(_ extra: Int) -> Bool {
    let (needed, overflow) = count.addingReportingOverflow(extra)
    if overflow { return false }
    if needed <= capacity { return true }
    // Small ones double, from a size that holds the columns of a usual answer; large ones keep less in vain.
    let stride = MemoryLayout<Element>.stride
    let growth = capacity < 65_536 / stride ? capacity : capacity / 2
    let target = max(needed, capacity &+ growth, 256 / stride)
    let (size, sizeOverflow) = target.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    guard !sizeOverflow, let grown = realloc(start, size) else { return false }
    start = grown.assumingMemoryBound(to: Element.self)
    capacity = target
    return true
  }

  /// Appends one element; false when out of memory, and then nothing changed.
  @inlinable public func append(_ element: Element) -> Bool {
    if count == capacity, !reserve(1) { return false }
    guard let start else { return false }
    start[used] = element
    used += 1
    return true
  }

  /// Appends `source`; false when out of memory, and then nothing changed.
  @inlinable public func append(contentsOf source: UnsafeBufferPointer<Element>) -> Bool {
    guard let from = source.baseAddress, source.count > 0 else { return true }
    guard reserve(source.count), let base else { return false }
    (base + count).update(from: from, count: source.count)
    used += source.count
    return true
  }

  /// Appends `n` copies of an element; false when out of memory, and then nothing changed.
  @inlinable public func append(repeating element: Element, count n: Int) -> Bool {
    guard n > 0 else { return true }
    guard reserve(n), let base else { return false }
    (base + count).update(repeating: element, count: n)
    used += n
    return true
  }

  /// Appends `n ≥ 0` elements for the caller to fill, all of them, before anybody reads; nil when out of memory.
  @inlinable public func extend(by n: Int) -> UnsafeMutablePointer<Element>? {
    guard reserve(max(n, 1)), let base else { return nil }
    let start = base + count
    used += n
    return start
  }

  /// Forgets all elements after the first `n`.
  @inlinable public func truncate(to n: Int) {
    if n >= 0, n < used { used = n }
  }

  @inlinable public var elements: UnsafeBufferPointer<Element> { UnsafeBufferPointer(start: base, count: count) }
}

extension ColumnBuffer where Element == UInt8 {
  /// Appends raw bytes; false when out of memory, and then nothing changed.
  @inlinable public func append(bytes: UnsafeRawBufferPointer) -> Bool {
    append(contentsOf: bytes.bindMemory(to: UInt8.self))
  }
}
