import Glibc

/// Memory for a column while it is being made: given back unless it is taken over.
struct ColumnMemory<Element: BitwiseCopyable>: ~Copyable {
  let base: UnsafeMutablePointer<Element>

  /// Room for `count` elements, all of them zero bits; nil when out of memory.
  init?(zeroed count: Int) {
    guard let memory = calloc(max(count, 1), MemoryLayout<Element>.stride) else { return nil }
    base = memory.bindMemory(to: Element.self, capacity: max(count, 1))
  }

  deinit { free(base) }

  /// The memory cut to `count` elements, `free`'s from now on.
  consuming func take(_ count: Int) -> UnsafeMutablePointer<Element> {
    let kept = base
    discard self
    guard let cut = realloc(kept, max(count, 1) * MemoryLayout<Element>.stride) else { return kept }
    return cut.assumingMemoryBound(to: Element.self)
  }
}
