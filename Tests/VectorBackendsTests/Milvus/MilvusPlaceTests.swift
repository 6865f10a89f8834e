import Support
import Testing

@testable import VectorBackends
@testable import VectorModel

/// Where namespaces lie.
@Suite struct MilvusPlaceTests {
  private func key(_ id: String, _ namespace: String) -> String {
    let place = MilvusPlace(ByteString(namespace))
    return Array(id.utf8).withUnsafeBytes { String(decoding: place.key(of: $0), as: UTF8.self) }
  }

  private func id(_ key: String, _ namespace: String) -> String? {
    Array(key.utf8).withUnsafeBytes { key in
      MilvusPlace(ByteString(namespace)).id(ofKey: key).map { String(decoding: $0, as: UTF8.self) }
    }
  }

  @Test func idsOfTheDefaultNamespaceStayAsTheyAre() {
    #expect(key("a:b", "") == "a:b")
    #expect(id("a:b", "") == "a:b")
    #expect(MilvusPlace("").partition == "_default")
  }

  /// No two records of any two namespaces have one key, and each key gives its id back.
  @Test func keysAreOneToOne() {
    let namespaces = ["", "a", "A", "a_", "a_5f", "t/1é", "ns_", "x:y", String(repeating: "é", count: 127)]
    let ids = ["a", ":", "_vdb_", "_vdb_:", "_vdb_:a", "_vdb_ns_a:b", "b", "_vdb", "ns_a:b", "é", "_vdb_ns_a_5f:"]
    var owners: [String: String] = [:]
    for namespace in namespaces {
      for id in ids {
        let key = key(id, namespace)
        #expect(owners.updateValue("\(namespace) \(id)", forKey: key) == nil)
        for other in namespaces {
          #expect(self.id(key, other) == (other == namespace ? id : nil))
        }
        #expect(key.utf8.count <= id.utf8.count + MilvusPlace.keyOverhead)
      }
    }
  }

  @Test func partitionsTellTheirNamespace() {
    for namespace in ["a", "Z9", "a_b", "_", "é", "\u{1}", "nsx_", String(repeating: "a", count: 237)] {
      let place = MilvusPlace(ByteString(namespace))
      #expect(MilvusSettings.problem(withName: place.partition) == nil)
      #expect(!place.isDigest)
      #expect(MilvusPlace.owner(ofPartition: place.partition) == .namespace(ByteString(namespace)))
    }
    let long = MilvusPlace(ByteString(String(repeating: "/", count: 255)))
    #expect(long.isDigest)
    #expect(long.partition.utf8.count == 68)
    #expect(MilvusSettings.problem(withName: long.partition) == nil)
    #expect(MilvusPlace.owner(ofPartition: long.partition) == .digest)
  }

  @Test func partitionsOfOthersAreNoNamespaces() {
    for name in ["p1", "ns_", "ns_a_", "ns_a_5", "ns_a_zz", "ns_a_41", "ns_a_5F", "ns", ""] {
      #expect(MilvusPlace.owner(ofPartition: name) == nil)
    }
  }

  @Test func theConditionHoldsForItsKeysAlone() {
    func text(_ namespace: String) -> String {
      String(decoding: MilvusPlace(ByteString(namespace)).condition("id"), as: UTF8.self)
    }
    #expect(text("t") == #"((id >= "_vdb_ns_t:") and (id < "_vdb_ns_t;"))"#)
    #expect(text("") == #"((id < "_vdb_") or (id >= "_vdb`") or ((id >= "_vdb_:") and (id < "_vdb_;")))"#)
  }

  @Test func tokensOfPagesAreReadAgain() throws {
    let place = MilvusPlace("t")
    let key = Array("_vdb_ns_t:é".utf8)
    #expect(try MilvusPageToken.read(MilvusPageToken.write(key), place) == key)
    #expect(try MilvusPageToken.read([], place) == nil)
    for foreign in ["m1", "m1a", "m1zz", "x", "m1ff", "m16a"] {
      #expect(throws: VectorError.self) { try MilvusPageToken.read(Array(foreign.utf8), place) }
    }
    #expect(throws: VectorError.self) { try MilvusPageToken.read(MilvusPageToken.write(Array("a".utf8)), place) }
  }
}
