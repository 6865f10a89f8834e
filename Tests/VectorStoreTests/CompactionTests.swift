import Support
import Testing
import VectorModel

@testable import VectorStore

/// One namespace of three-dimensional rows, written one id at a time.
private final class Fixture {
  let store: NamespaceStore

  init() throws {
    store = try #require(NamespaceStore(settings: StoreSettings(dimensions: 3, metric: .l2, threads: 1)))
  }

  func put(_ ids: some Sequence<String>) throws {
    for id in ids {
      let bytes = Array(id.utf8)
      let vector: [Float] = [1, 2, 3]
      try bytes.withUnsafeBytes { idBytes in
        try vector.withUnsafeBytes { row in
          try withUnsafePointer(to: (UInt64(0), UInt64(bytes.count))) { offsets in
            try offsets.withMemoryRebound(to: UInt64.self, capacity: 2) { offsets in
              _ = try store.upsert(
                RecordBatch(
                  ids: PackedStrings(bytes: idBytes.baseAddress, offsets: offsets, count: 1),
                  vectors: VectorRows(base: row.baseAddress, count: 1, dimensions: 3, strideBytes: 12),
                  metadata: MetadataBatch(emptyCount: 1), selection: nil),
                context: .unbounded)
            }
          }
        }
      }
    }
  }

  func find(_ id: String, in snapshot: Snapshot) -> IDTable.Lookup {
    Array(id.utf8).withUnsafeBytes { snapshot.table.find($0, in: snapshot) }
  }

  func isFound(_ id: String, in snapshot: Snapshot) -> Bool {
    if case .found = find(id, in: snapshot) { true } else { false }
  }
}

@Suite struct CompactionTests {
  @Test func anEmptyStoreHoldsNextToNothing() throws {
    #expect(try Fixture().store.footprint < 1024)
  }

  @Test func sparseChunksGoAndAreFreedWithTheirLastReader() throws {
    let fixture = try Fixture()
    try fixture.put((0..<256).map { "r\($0)" })
    var reader: Snapshot? = fixture.store.snapshot
    weak var chunk = reader?.chunks.first?.chunk
    let serial = try #require(chunk?.serial)
    #expect(chunk?.isFull(count: 256) == true)
    try fixture.put((0..<128).map { "r\($0)" })
    #expect(fixture.store.snapshot.index(ofChunk: serial) != nil, "half of it is still in use")
    try fixture.put(["r128"])
    #expect(fixture.store.snapshot.index(ofChunk: serial) == nil)
    #expect(fixture.store.snapshot.live == 256)
    #expect(chunk != nil, "a reader still has it")
    // What the reader began with is what it sees.
    if let reader {
      #expect(fixture.find("r200", in: reader) == .found(RowInSnapshot(chunk: 0, slot: 200)))
      #expect(reader.isLive(RowInSnapshot(chunk: 0, slot: 5)))
    }
    reader = nil
    #expect(chunk == nil)
    for id in ["r0", "r128", "r129", "r255"] { #expect(fixture.isFound(id, in: fixture.store.snapshot)) }
  }

  @Test func deletedIDsComeBackAfterTheirChunkHasGone() throws {
    let fixture = try Fixture()
    let ids = (0..<256).map { "r\($0)" }
    try fixture.put(ids)
    let old = fixture.store.snapshot
    try withPacked(ids) { packed in
      let outcome = try #require(try fixture.store.delete(ids: packed, context: .unbounded))
      #expect(outcome.deleted == 256)
    }
    let empty = fixture.store.snapshot
    #expect(empty.live == 0)
    #expect(empty.chunks.isEmpty)
    for id in ids { #expect(fixture.find(id, in: empty) == .absent) }
    try fixture.put(ids)
    for id in ids {
      #expect(fixture.isFound(id, in: fixture.store.snapshot))
      #expect(fixture.find(id, in: empty) == .absent)
      #expect(fixture.isFound(id, in: old), "the first snapshot still has it")
    }
  }

  @Test func aSnapshotTwoChangesBehindIsToldSo() throws {
    let fixture = try Fixture()
    try fixture.put(["a", "b"])
    let old = fixture.store.snapshot
    try fixture.put(["a"])
    #expect(fixture.find("a", in: old) == .found(RowInSnapshot(chunk: 0, slot: 0)))
    try fixture.put(["a"])
    #expect(fixture.find("a", in: old) == .outdated)
    #expect(fixture.find("b", in: old) == .found(RowInSnapshot(chunk: 0, slot: 1)))
    #expect(fixture.find("a", in: fixture.store.snapshot) == .found(RowInSnapshot(chunk: 0, slot: 3)))
  }

  @Test func tablesGrowAndForgetTheDead() throws {
    let fixture = try Fixture()
    for round in 0..<40 {
      let ids = (0..<100).map { "r\(round)-\($0)" }
      try fixture.put(ids)
      if round > 0 {
        try withPacked((0..<100).map { "r\(round - 1)-\($0)" }) { packed in
          let outcome = try fixture.store.delete(ids: packed, context: .unbounded)
          #expect(outcome?.deleted == 100)
        }
      }
      let snapshot = fixture.store.snapshot
      #expect(ids.allSatisfy { fixture.isFound($0, in: snapshot) })
      #expect(!fixture.isFound("r\(round - 1)-7", in: snapshot))
    }
    // 100 live ids, never more than 200: a table that kept the dead would hold 4,000.
    #expect(fixture.store.snapshot.table.footprint <= 1024 * 16)
  }
}

func withPacked<R>(_ ids: [String], _ body: (PackedStrings) throws -> R) throws -> R {
  var offsets: [UInt64] = [0]
  var bytes: [UInt8] = []
  for id in ids {
    bytes += Array(id.utf8)
    offsets.append(UInt64(bytes.count))
  }
  return try bytes.withUnsafeBytes { bytes in
    try offsets.withUnsafeBufferPointer { offsets in
      try body(PackedStrings(bytes: bytes.baseAddress, offsets: offsets.baseAddress, count: ids.count))
    }
  }
}
