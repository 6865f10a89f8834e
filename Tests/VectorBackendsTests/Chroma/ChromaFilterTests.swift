import Support
import Testing

@testable import VectorBackends
@testable import VectorModel

/// What filters are for Chroma.
@Suite struct ChromaFilterTests {
  private func compiled(_ text: String, _ lists: ChromaLists = .fields) throws -> ChromaFilter {
    var text = text
    let filter = try text.withUTF8 { try Filter.parse(UnsafeRawBufferPointer($0)) }
    return try ChromaFilter(filter, lists)
  }

  private func written(_ text: String, _ lists: ChromaLists = .fields) throws -> String {
    var json = JSONWriter()
    try compiled(text, lists).write(to: &json)
    return json.text
  }

  @Test func conditionsStandAlone() throws {
    #expect(try written(#"{"n": 5}"#) == #"{"n":{"$eq":5}}"#)
    #expect(try written(#"{"n": {"$gte": 2, "$lt": 7}}"#) == #"{"$and":[{"n":{"$gte":2}},{"n":{"$lt":7}}]}"#)
    #expect(try written(#"{"a": true, "b": 1}"#) == #"{"$and":[{"a":{"$eq":true}},{"b":{"$eq":1}}]}"#)
    #expect(
      try written(#"{"$or": [{"a": 1}, {"$or": [{"b": 2}, {"c": 3}]}]}"#)
        == #"{"$or":[{"a":{"$eq":1}},{"b":{"$eq":2}},{"c":{"$eq":3}}]}"#)
  }

  @Test func stringsAreLookedForInListsToo() throws {
    #expect(try written(#"{"k": "v"}"#) == #"{"$or":[{"k":{"$eq":"v"}},{"_vdb_i:1:k:v":{"$eq":true}}]}"#)
    #expect(try written(#"{"k": "v"}"#, .native) == #"{"$or":[{"k":{"$eq":"v"}},{"k":{"$contains":"v"}}]}"#)
    #expect(try written(#"{"k": {"$ne": "v"}}"#) == #"{"$and":[{"k":{"$ne":"v"}},{"_vdb_i:1:k:v":{"$ne":true}}]}"#)
    #expect(
      try written(#"{"k": {"$nin": ["a", 1]}}"#)
        == #"{"$and":[{"_vdb_i:1:k:a":{"$ne":true}},{"k":{"$nin":["a"]}},{"k":{"$nin":[1]}}]}"#)
  }

  @Test func listsAreOfOneType() throws {
    #expect(
      try written(#"{"k": {"$in": [1, true, 2.5, 2]}}"#)
        == #"{"$or":[{"$and":[{"k":{"$eq":2.5}},{"k":{"$gt":2}},{"k":{"$lt":3}}]},{"k":{"$in":[true]}},{"k":{"$in":[1,2]}}]}"#
    )
  }

  @Test func fractionsAreKeptAwayFromIntegers() throws {
    // The server compares the integer 5 with 5.5 as if it were 5.
    #expect(try written(#"{"k": 5.5}"#) == #"{"$and":[{"k":{"$eq":5.5}},{"k":{"$gt":5}},{"k":{"$lt":6}}]}"#)
    #expect(
      try written(#"{"k": {"$ne": -5.5}}"#)
        == #"{"$or":[{"k":{"$ne":-5.5}},{"k":{"$lte":-6}},{"k":{"$gte":-5}}]}"#)
    #expect(try written(#"{"k": {"$gt": -5.5}}"#) == #"{"$or":[{"k":{"$gt":-5.5}},{"k":{"$gte":-5}}]}"#)
    #expect(try written(#"{"k": {"$lt": 5.5}}"#) == #"{"$or":[{"k":{"$lt":5.5}},{"k":{"$lte":5}}]}"#)
    #expect(try written(#"{"k": {"$gt": 5.0}}"#) == #"{"k":{"$gt":5}}"#)
  }

  @Test func negationGoesDownToTheLeaves() throws {
    #expect(
      try written(#"{"$not": {"$or": [{"a": 1}, {"$not": {"b": 2}}]}}"#)
        == #"{"$and":[{"a":{"$ne":1}},{"b":{"$eq":2}}]}"#)
    #expect(try written(#"{"$not": {"$not": {"n": {"$gt": 1}}}}"#) == #"{"n":{"$gt":1}}"#)
  }

  @Test func whatNeedsNoServerIsDecidedHere() throws {
    #expect(try compiled(#"{"k": {"$in": []}}"#) == .nothing)
    #expect(try compiled(#"{"k": {"$nin": []}}"#) == .everything)
    #expect(try compiled(#"{"a": 1, "k": {"$in": []}}"#) == .nothing)
    #expect(try written(#"{"$or": [{"a": 1}, {"k": {"$in": []}}]}"#) == #"{"a":{"$eq":1}}"#)
    #expect(try compiled("") == .everything)
  }

  @Test(arguments: [
    (#"{"k": {"$exists": true}}"#, "$exists"), (#"{"k": {"$exists": false}}"#, "$exists"),
    (#"{"k": {"$gt": "a"}}"#, "$gt"), (#"{"$not": {"k": {"$lte": 1}}}"#, "$lte"),
    (#"{"$not": {"a": 1, "k": {"$gte": 1}}}"#, "$gte"),
  ])
  func whatChromaCannotExpressIsRefused(_ filter: String, _ op: String) throws {
    let error = #expect(throws: VectorError.self) { try compiled(filter) }
    #expect(error?.status == .unsupported)
    #expect(error?.message.contains(op) == true && error?.message.contains("\"chroma\"") == true)
  }

  @Test func wideFiltersAreWrittenAsGroupsOfGroups() throws {
    let many = (0..<1000).map { "{\"k\": \($0)}" }.joined(separator: ",")
    let text = try written("{\"$or\": [\(many)]}")
    let document = try ByteString(text).bytes.withUnsafeBytes { try JSONDocument($0, what: "the filter") }
    var widest = 0
    var leaves: [Int64] = []
    func walk(_ value: JSONValue) {
      for (key, inner) in value.members {
        if key == "$or" {
          widest = max(widest, inner.count)
          for part in inner.elements { walk(part) }
        } else if let number = inner["$eq"]?.integer {
          leaves.append(number)
        }
      }
    }
    walk(document.root)
    #expect(widest <= 16)
    #expect(leaves == (0..<1000).map(Int64.init))
    let tooMany = (0..<2001).map { "{\"k\": \($0)}" }.joined(separator: ",")
    #expect(throws: VectorError.self) { try compiled("{\"$or\": [\(tooMany)]}") }
  }

  @Test func aSearchIsKeptInItsNamespace() throws {
    var json = JSONWriter()
    try compiled(#"{"n": 1}"#).within("t").write(to: &json)
    #expect(json.text == #"{"$and":[{"_vdb_ns":{"$eq":"t"}},{"n":{"$eq":1}}]}"#)
    var other = JSONWriter()
    ChromaFilter.everything.within("").write(to: &other)
    #expect(other.text == #"{"_vdb_named":{"$ne":true}}"#)
    #expect(ChromaFilter.nothing.within("t") == .nothing)
  }
}
