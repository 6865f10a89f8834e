import Support

/// A row and how far it is from a query, in the metric of the search.
package struct Neighbor: Sendable, BitwiseCopyable {
  package let reference: RowReference
  package let distance: Float

  package init(reference: RowReference, distance: Float) {
    self.reference = reference
    self.distance = distance
  }
}

/// The neighbours of each query of a search, nearest first; in memory whose allocation may fail without harm.
package final class NeighborLists: @unchecked Sendable {
  private let neighbors = ColumnBuffer<Neighbor>()
  private let ends = ColumnBuffer<Int>()

  package init() {}

  /// Number of queries.
  package var count: Int { ends.count }

  /// Neighbours of one query; valid as long as this object. Empty for an index out of range.
  package subscript(query: Int) -> UnsafeBufferPointer<Neighbor> {
    guard query >= 0, query < ends.count else { return UnsafeBufferPointer(start: nil, count: 0) }
    let start = query == 0 ? 0 : ends.elements[query - 1]
    return UnsafeBufferPointer(rebasing: neighbors.elements[start..<ends.elements[query]])
  }

  /// Adds the list of the next query; false when out of memory.
  package func append(_ list: UnsafeBufferPointer<Neighbor>) -> Bool {
    guard neighbors.append(contentsOf: list) else { return false }
    return ends.append(neighbors.count)
  }
}
