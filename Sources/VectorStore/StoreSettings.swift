import Support
import VectorModel

/// What all namespaces of a store have in common.
package struct StoreSettings: Sendable {
  package let layout: RowLayout
  package let metric: Metric
  /// Most threads one call may use.
  package let threads: Int
  /// Serial numbers of chunks, for all namespaces together.
  let serials = AtomicWord(1)

  package init(dimensions: Int, metric: Metric, threads: Int) {
    layout = RowLayout(dimensions: dimensions)
    self.metric = metric
    self.threads = max(threads, 1)
  }

  package var dimensions: Int { layout.dimensions }

  /// A chunk with a serial above all before; nil when out of memory.
  func makeChunk(rows: Int) -> Chunk? {
    let serial = serials.add(1)
    guard serial < RowAddress.serialLimit else { return nil }
    return Chunk(serial: serial, capacity: layout.nextCapacity(rows: rows), layout: layout)
  }
}

extension VectorError {
  /// Records that do not fit into memory; nothing was changed.
  static let storeOutOfMemory = VectorError(.outOfMemory, "not enough memory to store the records; nothing was changed")
}
