import Support

/// Which items of a batch name the same id: from each item to the next one of its id, in memory whose allocation may fail.
///
/// Ids are compared as bytes. 4 bytes an item, and 16 to 32 more while it is being made.
package struct RepeatedIDs: @unchecked Sendable {
  /// For each item the next of its id, 0 = there is none; `followsAnother` is added when one comes before.
  private let links: ColumnBuffer<UInt32>
  /// Items that another one of the same id comes after.
  package let supersededCount: Int

  private static let followsAnother: UInt32 = 1 << 31

  /// nil when no id repeats. Errors: `outOfMemory`, also beyond 2^31 ids; `cancelled`, `timeout`. Expected O(bytes).
  package init?(_ ids: PackedStrings, context: CallContext) throws(VectorError) {
    guard ids.count > 1 else { return nil }
    let outOfMemory = VectorError(.outOfMemory, "not enough memory to look for repeated ids among \(ids.count)")
    var pace = Pace(context)
    guard var table = ByteIndexTable(count: ids.count) else { throw outOfMemory }
    let links = ColumnBuffer<UInt32>()
    var superseded = 0
    for index in 0..<ids.count {
      let id = ids[index]
      try pace.spend(bytes: 100 + id.count)
      guard let previous = table.insert(id, index: index, stored: { ids[$0] }) else { continue }
      // Made at the first repetition: most batches have none.
      if links.count == 0, !links.append(repeating: 0, count: ids.count) { throw outOfMemory }
      guard let base = links.base else { throw outOfMemory }
      base[previous] |= UInt32(truncatingIfNeeded: index)
      base[index] = Self.followsAnother
      superseded += 1
    }
    if superseded == 0 { return nil }
    self.links = links
    supersededCount = superseded
  }

  /// The item that names the same id next, nil for the last one.
  package func next(after item: Int) -> Int? {
    let next = links.elements[item] & ~Self.followsAnother
    return next == 0 ? nil : Int(next)
  }

  /// Whether no item before names the same id.
  package func isFirst(_ item: Int) -> Bool { links.elements[item] & Self.followsAnother == 0 }
}
