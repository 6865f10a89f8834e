import Resilience
import Support
import VectorModel

/// Answers to searches, kept as they are.
typealias QueryCache = CachedCall<ResultColumns>

extension CacheKey {
  /// The key of a search: every field that decides its answer. Nil for queries too large to be remembered.
  ///
  /// The filter counts by its text: the same filter written in another way is another key, which costs a miss and no more.
  static func search(
    _ operation: Operation, _ scope: CacheScope, _ queries: VectorRows, _ options: SearchOptions
  ) -> CacheKey? {
    let rowBytes = queries.dimensions * MemoryLayout<Float>.stride
    let (size, overflow) = rowBytes.multipliedReportingOverflow(by: queries.count)
    guard !overflow, size < longest else { return nil }
    var key = CacheKey(operation.label, scope, expecting: size)
    key.add(options)
    key.add(UInt64(queries.dimensions))
    key.add(UInt64(queries.count))
    for index in 0..<queries.count { key.add(UnsafeRawBufferPointer(start: queries.row(index), count: rowBytes)) }
    return key
  }

  /// The key of a search by id.
  static func search(near id: UnsafeRawBufferPointer, _ scope: CacheScope, _ options: SearchOptions) -> CacheKey? {
    guard id.count <= maxIDLength else { return nil }
    var key = CacheKey(Operation.searchByID.label, scope, expecting: id.count)
    key.add(options)
    key.add(id)
    return key
  }

  private mutating func add(_ options: SearchOptions) {
    add(options.k)
    add(UInt64(options.ef))
    add(options.exact)
    add(UInt64(options.call.include.rawValue))
    add(options.filter)
    add(options.call.extraJSON)
    for bound in [options.maxDistance, options.minScore] {
      if let bound { add(bound) } else { addNothing() }
    }
  }
}

extension ResultColumns {
  /// Bytes that keeping it costs.
  var footprint: Int {
    let columns = [
      rowOffsets.bytes, ids.bytes, idOffsets.bytes, distances.bytes, scores.bytes, metadata.bytes,
      metadataOffsets.bytes,
      vectors.bytes, found.bytes, nextPage.bytes,
    ]
    return columns.reduce(256, +)
  }
}
