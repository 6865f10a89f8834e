import Support
import Testing

@testable import VectorModel

/// What docs/filters.md shows in its table of examples and its list of errors.
@Suite struct FilterDocumentTests {
  private static let records = [#"{"lang": "en", "year": 2020, "tags": ["a", "b"]}"#, #"{"lang": "de"}"#, "{}"]

  @Test(arguments: [
    (#"{"lang": "en"}"#, [true, false, false]),
    (#"{"lang": {"$ne": "en"}}"#, [false, true, true]),
    (#"{"lang": {"$in": ["de", "fr"]}}"#, [false, true, false]),
    (#"{"year": {"$gte": 2000, "$lt": 2021}}"#, [true, false, false]),
    (#"{"year": {"$not": {"$gte": 2000}}}"#, [false, true, true]),
    (#"{"year": "2020"}"#, [false, false, false]),
    (#"{"tags": "b"}"#, [true, false, false]),
    (#"{"tags": {"$nin": ["b", "c"]}}"#, [false, true, true]),
    (#"{"year": {"$exists": false}}"#, [false, true, true]),
    (#"{"$or": [{"lang": "de"}, {"year": {"$gt": 2010}}]}"#, [true, true, false]),
    (#"{"$not": {"lang": "en", "year": 2020}}"#, [false, true, true]),
  ])
  func examples(text: String, expected: [Bool]) throws {
    let wanted = try #require(try filter(text))
    let answers = try Self.records.map { record in try encoded(record).withUnsafeBytes { wanted.matches($0) } }
    #expect(answers == expected)
  }

  @Test(arguments: [
    (#"{"year": {"$gtt": 1}}"#, #"filter: unknown operator "$gtt" on key "year": did you mean "$gt"?"#),
    (#"{"lang": {"$in": "en"}}"#, #"filter: "$in" on key "lang" needs a list, not "en""#),
    (
      #"{"lang": null}"#,
      #"filter: "$eq" on key "lang" needs a string, number or bool (a missing key is {"$exists": false}), not null"#
    ),
    (
      #"{"author": {"name": "x"}}"#,
      #"filter: key "author" holds an object with "name": metadata is not nested, expected an operator such as "$eq""#
    ),
  ])
  func errors(text: String, expected: String) {
    #expect(errorOf { () throws(VectorError) in try filter(text) }?.message == expected)
  }
}
