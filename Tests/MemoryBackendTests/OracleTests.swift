import Support
import Testing
import VectorBackends
import VectorModel

/// Random operations against a dictionary that does the same the plain way.
@Suite struct OracleTests {
  private struct Model {
    var records: [String: (vector: [Float], metadata: [String: Int])] = [:]

    static func json(_ metadata: [String: Int]) -> String {
      "{" + metadata.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
    }
  }

  @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
  func agreesWithADictionary(seed: UInt64) throws {
    var random = SeededRandom(seed)
    let backend = makeBackend(dimensions: 3)
    var model = Model()
    // Few ids rewrite much and compact often; many make tables and chunks grow.
    let population = seed % 2 == 0 ? 40 : 3_000
    func someID(_ random: inout SeededRandom) -> String { "id-\(Int.random(in: 0..<population, using: &random))" }

    for step in 0..<600 {
      switch Int.random(in: 0..<100, using: &random) {
      case 0..<45:
        let ids = Array(Set((0..<Int.random(in: 1...60, using: &random)).map { _ in someID(&random) })).sorted()
        let vectors = ids.map { _ in (0..<3).map { _ in Float.random(in: -1...1, using: &random) } }
        let metadata = ids.map { _ in
          ["a": Int.random(in: 0...9, using: &random), "b": Int.random(in: 0...3, using: &random)]
        }
        try backend.put(ids, vectors, "[" + metadata.map(Model.json).joined(separator: ",") + "]")
        for (index, id) in ids.enumerated() { model.records[id] = (vectors[index], metadata[index]) }
      case 45..<60:
        let ids = (0..<Int.random(in: 1...40, using: &random)).map { _ in someID(&random) }
        let expected = Set(ids).filter { model.records[$0] != nil }.count
        #expect(try backend.remove(ids).deleted == expected)
        for id in ids { model.records[id] = nil }
      case 60..<75:
        let ids = (0..<Int.random(in: 1...10, using: &random)).map { _ in someID(&random) }
        let patch = #"{"a":\#(step),"b":null}"#
        let json = "[" + ids.map { _ in patch }.joined(separator: ",") + "]"
        if let missing = ids.firstIndex(where: { model.records[$0] == nil }) {
          #expect(status { try backend.change(ids, json) }?.index == missing)
        } else {
          try backend.change(ids, json)
          for id in ids {
            model.records[id]?.metadata["a"] = step
            model.records[id]?.metadata["b"] = nil
          }
        }
      case 75..<79:
        let value = Int.random(in: 0...3, using: &random)
        let json = #"{"b":\#(value)}"#
        let doomed = model.records.filter { $0.value.metadata["b"] == value }.map(\.key)
        let parsed = try #require(try filter(json))
        #expect(try backend.delete(matching: parsed, namespace: "", context: .unbounded).deleted == doomed.count)
        for id in doomed { model.records[id] = nil }
      case 79:
        try backend.clear(namespace: "", context: .unbounded)
        model.records = [:]
      case 80..<90:
        let ids = (0..<30).map { _ in someID(&random) }
        let rows = try backend.rows(ids)
        for (row, id) in zip(rows, ids) {
          let expected = model.records[id]
          #expect(row.id == id)
          #expect(row.found == (expected != nil))
          #expect(row.vector == expected?.vector ?? [0, 0, 0])
          #expect(row.metadata == expected.map { Model.json($0.metadata) } ?? "")
        }
      default:
        let low = Int.random(in: 0...9, using: &random)
        #expect(
          try backend.total(#"{"a":{"$gte":\#(low)}}"#)
            == model.records.values.filter { $0.metadata["a"] ?? -1 >= low }.count)
      }
      #expect(try backend.total() == model.records.count)
    }

    let rows = try backend.everything(limit: 37)
    #expect(rows.count == model.records.count)
    #expect(Set(rows.map(\.id)) == Set(model.records.keys))
    for row in rows { #expect(row.vector == model.records[row.id]?.vector) }
    try checkSearch(backend, model, &random)
  }

  private func checkSearch(_ backend: MemoryBackend, _ model: Model, _ random: inout SeededRandom) throws {
    for _ in 0..<20 {
      let query = (0..<3).map { _ in Float.random(in: -1...1, using: &random) }
      let low = Int.random(in: 0...9, using: &random)
      let matching = model.records.filter { $0.value.metadata["a"] ?? -1 >= low }
      let expected = matching.map { id, record in
        let squares = zip(record.vector, query).map { (Double($0) - Double($1)) * (Double($0) - Double($1)) }
        return (distance: Float(squares.reduce(0, +).squareRoot()), id: id)
      }.sorted { ($0.distance, $0.id) < ($1.distance, $1.id) }.prefix(7)
      let answer = try backend.nearest([query], k: 7, #"{"a":{"$gte":\#(low)}}"#)
      #expect(answer.ids(ofQuery: 0) == expected.map(\.id))
    }
  }
}
