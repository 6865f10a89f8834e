import Support
import Testing
import VectorModel

@testable import VectorBackends

/// What the SQL means is tested against a server; here, that nothing of a filter becomes SQL.
@Suite struct PgvectorFilterTests {
  private func compile(_ json: String) throws -> PgvectorQuery {
    var json = json
    let filter = try json.withUTF8 { try Filter.parse(UnsafeRawBufferPointer($0)) }
    var query = PgvectorQuery()
    query.sql = try PgvectorFilter(metadata: "m").condition(#require(filter).expression, &query)
    return query
  }

  private static let hostile = "'); DROP TABLE t; -- \\\" $1 {x}"

  @Test(arguments: [
    #"{"KEY": "KEY"}"#, #"{"KEY": {"$in": ["KEY", 1, true]}}"#, #"{"KEY": {"$gt": "KEY"}}"#, #"{"KEY": {"$lte": 5}}"#,
    #"{"KEY": {"$exists": false}}"#, #"{"$not": {"$or": [{"KEY": {"$ne": "KEY"}}, {"KEY": 5}]}}"#,
  ])
  func keysAndValuesAreBound(template: String) throws {
    var text = JSONWriter()
    text.string(Self.hostile)
    let json = template.split(separator: "\"KEY\"", omittingEmptySubsequences: false).joined(separator: text.text)
    let query = try compile(json)
    #expect(!query.sql.contains("DROP"))
    #expect(query.parameters.count > 0)
  }

  @Test func aNegationIsTheComplement() throws {
    #expect(try compile(#"{"a": {"$ne": 1}}"#).sql == "NOT " + compile(#"{"a": 1}"#).sql)
    #expect(try compile(#"{"a": {"$not": {"$gt": 1}}}"#).sql == "NOT " + compile(#"{"a": {"$gt": 1}}"#).sql)
  }

  @Test func nothingToChooseFromNeedsNoServer() throws {
    #expect(try compile(#"{"a": {"$in": []}}"#).sql == "FALSE")
    #expect(try compile(#"{"a": {"$nin": []}}"#).sql == "NOT FALSE")
  }

  @Test func whatHoldsANULEqualsNothingStored() throws {
    #expect(try compile(#"{"a": "x\u0000"}"#).sql == "FALSE")
    #expect(try compile(#"{"a\u0000": "x"}"#).sql == "FALSE")
    // Between "x" and "x\0y" lies nothing that can be stored.
    #expect(try compile(#"{"a": {"$lt": "x\u0000y"}}"#).sql == compile(#"{"a": {"$lte": "x"}}"#).sql)
    #expect(try compile(#"{"a": {"$gte": "x\u0000y"}}"#).sql == compile(#"{"a": {"$gt": "x"}}"#).sql)
  }
}
