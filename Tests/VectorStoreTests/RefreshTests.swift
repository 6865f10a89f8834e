import Support
import Testing
import VectorModel

@testable import VectorStore

@Suite struct RefreshTests {
  /// Ids that were deleted keep entries in the id table, which a new table drops: it needs room for them as for new ones.
  @Test func deletedIDsAndOneMoreComeBackTogether() throws {
    let store = try #require(NamespaceStore(settings: StoreSettings(dimensions: 1, metric: .l2, threads: 1)))
    func upsert(_ ids: [String]) throws {
      let bytes = Array(ids.joined().utf8)
      var offsets: [UInt64] = [0]
      for id in ids { offsets.append(offsets[offsets.count - 1] + UInt64(id.utf8.count)) }
      let values = [Float](repeating: 1, count: ids.count)
      try bytes.withUnsafeBytes { bytes in
        try offsets.withUnsafeBufferPointer { offsets in
          try values.withUnsafeBytes { values in
            let packed = PackedStrings(bytes: bytes.baseAddress, offsets: offsets.baseAddress, count: ids.count)
            let rows = VectorRows(base: values.baseAddress, count: ids.count, dimensions: 1, strideBytes: 4)
            let batch = RecordBatch(
              ids: packed, vectors: rows, metadata: MetadataBatch(emptyCount: ids.count), selection: nil)
            _ = try store.upsert(batch, context: .unbounded)
          }
        }
      }
    }
    try upsert((0..<768).map { "\($0)" })
    try upsert((768..<1536).map { "\($0)" })
    _ = try store.delete(matching: Filter(.not(.exists(key: "absent"))), context: .unbounded)
    #expect(store.snapshot.live == 0)
    try upsert((1024..<1536).map { "\($0)" } + ["new"])
    #expect(store.snapshot.live == 513)
  }
}
