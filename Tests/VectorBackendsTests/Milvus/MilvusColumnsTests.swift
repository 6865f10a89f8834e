import FoundationEssentials
import Support
import SwiftProtobuf
import Testing

@testable import VectorBackends
@testable import VectorModel

/// Answers that bring records, as generated messages write them, and as nobody should.
@Suite struct MilvusColumnsTests {
  private let collection = MilvusCollection(
    shape: CollectionShape(dimensions: 2, metric: .cosine), index: .flat, isLite: false)

  private func read(_ kind: MilvusColumns.Kind, _ bytes: [UInt8]) throws(ProtobufReader.Defect) -> MilvusColumns {
    let buffer = ColumnBuffer<UInt8>()
    for byte in bytes { #expect(buffer.append(byte)) }
    return try MilvusColumns(kind, UnsafeRawBufferPointer(buffer.elements), owner: buffer, collection)
  }

  private func texts(_ columns: MilvusColumns, _ column: KeyPath<MilvusColumns, MilvusColumns.Texts?>) -> [String]? {
    // The texts lie in the answer, which must not go before they are copied.
    withExtendedLifetime(columns) {
      columns[keyPath: column].map { $0.elements.map { String(decoding: $0, as: UTF8.self) } }
    }
  }

  private func floats(_ columns: MilvusColumns, _ column: KeyPath<MilvusColumns, ProtobufWords>) -> [Float] {
    withExtendedLifetime(columns) {
      let words = columns[keyPath: column]
      return (0..<words.byteCount / 4).compactMap {
        words.base?.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self)
      }
    }
  }

  private func bytes(_ number: Float) -> [UInt8] { withUnsafeBytes(of: number) { Array($0) } }

  private func columns(keys: [String], documents: [String], floats: [Float]) -> [MilvusWireFieldData] {
    var (id, vector, metadata) = (MilvusWireFieldData(), MilvusWireFieldData(), MilvusWireFieldData())
    (id.fieldName, vector.fieldName, metadata.fieldName) = ("id", "vector", "metadata")
    (id.type, vector.type, metadata.type) = (21, 101, 23)
    (id.fieldID, metadata.isDynamic, metadata.validData) = (100, true, [true, false])
    id.scalars.stringData.data = keys
    metadata.scalars.jsonData.data = documents.map { Data($0.utf8) }
    vector.vectors.dim = 2
    vector.vectors.floatVector.data = floats
    return [id, vector, metadata]
  }

  private func answer() -> MilvusWireSearchResults {
    var answer = MilvusWireSearchResults()
    answer.collectionName = "docs"
    (answer.results.numQueries, answer.results.topK, answer.results.outputFields) = (2, 2, ["metadata", "vector"])
    answer.results.scores = [0.5, -1]
    answer.results.topks = [2, 0]
    answer.results.ids.strID.data = ["a", "é"]
    answer.results.fieldsData = Array(
      columns(keys: [], documents: [#"{"k":1}"#, "{}"], floats: [1, 2, 3, 4]).dropFirst())
    return answer
  }

  private func expectAnswer(_ found: MilvusColumns) {
    #expect(found.status.isOK)
    #expect(texts(found, \.keys) == ["a", "é"])
    #expect(texts(found, \.documents) == [#"{"k":1}"#, "{}"])
    #expect(floats(found, \.vectors) == [1, 2, 3, 4])
    #expect(floats(found, \.scores) == [0.5, -1])
    #expect(Array(found.counts.elements) == [2, 0])
  }

  @Test func aSearchIsRead() throws {
    expectAnswer(try read(.search, answer().serializedBytes()))
  }

  @Test func aQueryIsRead() throws {
    var answer = MilvusWireQueryResults()
    answer.fieldsData = columns(keys: ["x", "y"], documents: ["{}", ""], floats: [1, 2, 3, 4])
    let found = try read(.query, answer.serializedBytes())
    #expect(texts(found, \.keys) == ["x", "y"])
    #expect(texts(found, \.documents) == ["{}", ""])
    #expect(floats(found, \.vectors) == [1, 2, 3, 4])
    let nothing = try read(.query, [])
    #expect(nothing.keys == nil && nothing.documents == nil && nothing.vectors.byteCount == 0)
  }

  @Test func aStatusIsRead() throws {
    var (first, second) = (MilvusWireSearchResults(), MilvusWireSearchResults())
    (first.status.code, first.status.reason) = (8, "slow")
    (second.status.reason, second.status.retriable) = ("down", true)
    // A message that comes twice is one: what the second has replaces what the first had.
    let status = try read(.search, first.serializedBytes() + second.serializedBytes()).status
    #expect((status.code, status.reason, status.retriable) == (8, "down", true))
    let broken: [UInt8] = [0x0A, 2, 0x12, 5]
    #expect(throws: ProtobufReader.Defect.malformed) { try read(.search, broken) }
  }

  /// Protobuf lets a message come in parts, a list packed or one by one, and fields come in any order with unknown ones between.
  @Test func theSameAnswerInAnotherForm() throws {
    let whole = answer()
    var parts: [MilvusWireSearchResults] = Array(repeating: MilvusWireSearchResults(), count: 5)
    parts[0].results.ids.strID.data = [whole.results.ids.strID.data[0]]
    parts[0].results.scores = [0.5]
    parts[1].results.fieldsData = [whole.results.fieldsData[1]]
    parts[2].results.topks = [2]
    parts[2].results.ids.strID.data = [whole.results.ids.strID.data[1]]
    parts[3].results.scores = [-1]
    parts[4].results.fieldsData = [whole.results.fieldsData[0]]
    // A count of 0 that is not packed; then a double, a number and a message that nobody knows.
    let rest: [UInt8] = [0x12, 2, 0x30, 0, 0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x78, 5, 0x7A, 1, 0]
    expectAnswer(try read(.search, parts.flatMap { try $0.serializedBytes() as [UInt8] } + rest))

    // Floats one by one: field 4 of the results, and field 1 of a FloatArray in two parts.
    var (scores, vectors): ([UInt8], [UInt8]) = ([], [])
    for score in [0.5, -1] as [Float] { scores += [0x25] + bytes(score) }
    for pair in [[1, 2], [3, 4]] as [[Float]] {
      vectors += [0x22, 12, 0x12, 10] + pair.flatMap { [0x0D] + bytes($0) }
    }
    let vector = [0x12, 6] + Array("vector".utf8) + vectors
    var other = whole
    other.results.scores = []
    other.results.fieldsData.removeFirst()
    let unpacked = scores + [0x1A, UInt8(vector.count)] + vector
    expectAnswer(try read(.search, [0x12, UInt8(unpacked.count)] + unpacked + other.serializedBytes()))
  }

  @Test func theFirstColumnOfANameCounts() throws {
    var answer = MilvusWireQueryResults()
    answer.fieldsData =
      columns(keys: ["x"], documents: ["1"], floats: [1, 2]) + columns(keys: ["z"], documents: ["2"], floats: [7, 8])
    let found = try read(.query, answer.serializedBytes())
    #expect(texts(found, \.keys) == ["x"])
    #expect(texts(found, \.documents) == ["1"])
    #expect(floats(found, \.vectors) == [1, 2])
  }

  /// A dynamic field comes under its own name, or under none; the one that has the name goes before.
  @Test func documentsWithoutANameAreTaken() throws {
    var nameless = columns(keys: [], documents: ["1"], floats: [])[2]
    nameless.fieldName = ""
    var answer = MilvusWireQueryResults()
    answer.fieldsData = [nameless]
    #expect(texts(try read(.query, answer.serializedBytes()), \.documents) == ["1"])
    answer.fieldsData.append(columns(keys: [], documents: ["2"], floats: [])[2])
    #expect(texts(try read(.query, answer.serializedBytes()), \.documents) == ["2"])
  }

  /// Both readers find the same cuts.
  @Test func aCutAnswerIsMalformed() throws {
    let whole: [UInt8] = try answer().serializedBytes()
    var defects = 0
    for count in 0..<whole.count {
      let cut = Array(whole.prefix(count))
      if (try? MilvusWireSearchResults(serializedBytes: cut)) == nil {
        #expect(throws: ProtobufReader.Defect.malformed) { try read(.search, cut) }
        defects += 1
      } else {
        #expect(throws: Never.self) { _ = try read(.search, cut) }
      }
    }
    #expect(defects > whole.count / 2)
  }

  /// Any bytes are an answer or an error, never the end of the process, and what is read can be used.
  @Test func rubbishIsAnError() throws {
    let whole: [UInt8] = try answer().serializedBytes()
    var generator = SystemRandomNumberGenerator()
    var (good, bad) = (0, 0)
    for round in 0..<20_000 {
      var bytes = whole
      for _ in 0...(round % 3) { bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255) }
      if round % 7 == 0 { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator)) }
      let kind = round % 5 == 0 ? MilvusColumns.Kind.query : .search
      do throws(ProtobufReader.Defect) {
        let found = try read(kind, bytes)
        good += 1
        let size =
          (texts(found, \.keys) ?? []).count + (texts(found, \.documents) ?? []).count + floats(found, \.vectors).count
        #expect(size + floats(found, \.scores).count + found.counts.count <= bytes.count)
        if let rows = try? MilvusRowSet(found, dimensions: 2, [.metadata, .vectors]), rows.count > 0 {
          withExtendedLifetime(rows) { #expect(Array(rows.document(rows.count - 1)).count < bytes.count) }
          #expect(throws: Never.self) { _ = try rows.vector(rows.count - 1) }
        }
      } catch {
        #expect(error == .malformed)
        bad += 1
      }
    }
    #expect(good > 1000 && bad > 1000)
  }

  @Test func columnsMustFitEachOther() throws {
    func rows(_ keys: Int, _ documents: Int, _ floats: Int, _ include: Include) throws -> MilvusRowSet {
      var answer = MilvusWireQueryResults()
      answer.fieldsData = columns(
        keys: (0..<keys).map { "k\($0)" }, documents: Array(repeating: "{}", count: documents),
        floats: Array(repeating: 0, count: floats))
      return try MilvusRowSet(try read(.query, answer.serializedBytes()), dimensions: 2, include)
    }
    let both: Include = [.metadata, .vectors]
    #expect(try rows(2, 2, 4, both).count == 2)
    #expect(try rows(0, 0, 0, both).count == 0)
    for (documents, floats) in [(1, 4), (3, 4), (2, 3), (2, 5), (0, 4), (2, 0)] {
      #expect(throws: VectorError.self) { try rows(2, documents, floats, both) }
    }
    // What nobody asked for may be missing.
    #expect(try rows(2, 0, 0, []).count == 2)
  }
}
