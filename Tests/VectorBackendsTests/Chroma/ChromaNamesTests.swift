import Support
import Testing

@testable import VectorBackends

/// Ids and keys as they are stored.
@Suite struct ChromaNamesTests {
  private func storedID(_ id: ByteString, _ namespace: ByteString) -> ByteString {
    withBytes(of: id) { ChromaNames.storedID($0, in: namespace) }
  }

  private static let ids: [ByteString] = [
    "a", "_vdb", "_vdb:", "_vdb:1:t:a", "_vdb:0::a", "_vdb:x", "::", "é", "_vdb:999:", "_vdb:-1:a",
  ]
  private static let namespaces: [ByteString] = ["", "t", ":", "t:a", "1:t", "é", "_vdb:"]

  @Test func everyIDOfEveryNamespaceComesBackAndIsItsOwn() {
    var seen: Set<ByteString> = []
    for namespace in Self.namespaces {
      for id in Self.ids {
        let stored = storedID(id, namespace)
        let isNew = seen.insert(stored).inserted
        #expect(isNew)
        let parts = ChromaNames.parts(ofStored: stored)
        #expect(parts.namespace == namespace && parts.id == id, "\(namespace.text) \(id.text)")
      }
    }
  }

  @Test func idsOfTheDefaultNamespaceStayAsTheyAre() {
    #expect(storedID("a", "") == "a")
    #expect(storedID("a", "t") == "_vdb:1:t:a")
  }

  @Test func whatOnlyLooksLikeOursIsAnID() {
    for foreign: ByteString in [
      "_vdb:", "_vdb:3:ab", "_vdb:1:t", "_vdb:1:tx:a", "_vdb:x:t:a", "_vdb:9999:a:b", "_vdb::a:b", "_vdb:-1:a",
      "_vdb:-1::a",
    ] {
      let parts = ChromaNames.parts(ofStored: foreign)
      #expect(parts.namespace.isEmpty && parts.id == foreign, "\(foreign.text)")
    }
  }

  @Test func keysThatChromaKeepsForItselfAreWrittenDifferently() {
    for key: ByteString in ["#a", "chroma:document", "#", "plain", "a.b", "chroma"] {
      let stored = withBytes(of: key) { ChromaNames.storedKey($0) }
      #expect(ChromaNames.key(ofStored: stored) == key)
      #expect((stored == key) == !(key.bytes[0] == 0x23 || key == "chroma:document"))
    }
    #expect(ChromaNames.key(ofStored: ByteString(ChromaNames.namespaceKey)) == nil)
    #expect(ChromaNames.key(ofStored: "_vdb_anything") == nil)
  }

  @Test func fieldsOfAListSayWhichKeyTheyBelongTo() {
    let key: ByteString = "a:1:b"
    let item = withBytes(of: key) { key in withBytes(of: ByteString("x:y")) { ChromaNames.itemKey(key, $0) } }
    #expect(item == "_vdb_i:5:a:1:b:x:y")
    #expect(ChromaNames.key(ofStored: item) == key)
    #expect(ChromaNames.key(ofStored: withBytes(of: key) { ChromaNames.listKey($0) }) == key)
    for broken: ByteString in ["_vdb_i:", "_vdb_i:9:a:b", "_vdb_i:x:a:b", "_vdb_i::a", "_vdb_i:-1:a"] {
      #expect(ChromaNames.key(ofStored: broken) == nil)
    }
  }

  @Test func pageTokensComeBackAndOthersAreRefused() throws {
    let token = ChromaPageToken(number: .max, last: "é\n")
    let read = try #require(ChromaPageToken(token.bytes))
    #expect(read.number == .max && read.last == "é\n")
    for text in ["", "c1", "c1..", "c1.zz.00", "c1.1.0", "c1.1.0g", "c2.1.00", "c1.1.00.1"] {
      #expect(ChromaPageToken(Array(text.utf8)) == nil, "\(text)")
    }
  }
}
